//! One operation's description, filled by its input and output types.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde_json::{Value, json};

use super::Schemas;
use crate::route::Endpoint;

/// A parameter of the path or the query.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: &'static str,
    pub(crate) required: bool,
    pub(crate) schema: Value,
}

/// One possible response.
pub(crate) struct ResponseDoc {
    pub(crate) status: StatusCode,
    pub(crate) content: Option<(&'static str, Value)>,
    pub(crate) headers: &'static [&'static str],
}

/// The description of one operation while it is collected.
pub struct Describe<'a> {
    schemas: &'a mut Schemas,
    method: Method,
    path_names: Vec<&'static str>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<(&'static str, Value)>,
    pub(crate) responses: Vec<ResponseDoc>,
    /// Where the JSON body would silently drop unknown fields.
    pub(crate) open_body: Option<String>,
    /// Names of path parameters that the input asks for and the path does not have.
    pub(crate) unknown_path: Vec<String>,
}

impl std::fmt::Debug for Describe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Describe")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Collects the description of an endpoint.
pub(crate) fn describe<'a>(schemas: &'a mut Schemas, endpoint: &Endpoint) -> Describe<'a> {
    let path_names = endpoint
        .params
        .iter()
        .copied()
        .filter(|name| !endpoint.is_tenant_param(name))
        .collect();
    let mut operation = Describe {
        schemas,
        method: endpoint.method.clone(),
        path_names,
        parameters: Vec::new(),
        body: None,
        responses: Vec::new(),
        open_body: None,
        unknown_path: Vec::new(),
    };
    (endpoint.describe_input)(&mut operation);
    (endpoint.describe_output)(&mut operation);
    operation
}

impl Describe<'_> {
    pub(crate) fn path_parameters<T: JsonSchema>(&mut self) {
        match self.schemas.members::<T>() {
            Some(members) => {
                for (name, schema) in members.properties {
                    if self.path_names.iter().any(|known| *known == name) {
                        self.parameters.push(Parameter {
                            name,
                            place: "path",
                            required: true,
                            schema,
                        });
                    } else {
                        self.unknown_path.push(name);
                    }
                }
            }
            None => {
                if let [only] = self.path_names.as_slice() {
                    let (name, schema) = ((*only).to_owned(), self.schemas.input::<T>());
                    self.parameters.push(Parameter {
                        name,
                        place: "path",
                        required: true,
                        schema,
                    });
                } else {
                    self.unknown_path
                        .push("a single value for a path of several".into());
                }
            }
        }
    }

    pub(crate) fn query_parameters<T: JsonSchema>(&mut self) {
        if let Some(members) = self.schemas.members::<T>() {
            for (name, schema) in members.properties {
                let required = members.required.contains(&name);
                self.parameters.push(Parameter {
                    name,
                    place: "query",
                    required,
                    schema,
                });
            }
        }
    }

    pub(crate) fn json_body<T: JsonSchema>(&mut self) {
        let schema = self.schemas.input::<T>();
        self.open_body = self.schemas.open_place(&schema);
        self.body = Some(("application/json", schema));
    }

    pub(crate) fn raw_body(&mut self) {
        self.body = Some(("*/*", json!({"type": "string", "format": "binary"})));
    }

    /// Adds a JSON response.
    pub fn json_response<T: JsonSchema>(
        &mut self,
        status: StatusCode,
        headers: &'static [&'static str],
    ) {
        let schema = self.schemas.output::<T>();
        let content = Some(("application/json", schema));
        self.responses.push(ResponseDoc {
            status,
            content,
            headers,
        });
    }

    /// Adds a response without a body.
    pub fn empty_response(&mut self, status: StatusCode) {
        self.responses.push(ResponseDoc {
            status,
            content: None,
            headers: &[],
        });
    }

    /// Adds a response of another media type.
    pub fn binary_response(&mut self, status: StatusCode, media_type: &'static str) {
        let content = Some((media_type, json!({"type": "string", "format": "binary"})));
        self.responses.push(ResponseDoc {
            status,
            content,
            headers: &[],
        });
    }
}
