//! Path and query parameters as typed values.

use gantry_kernel::Problem;
use schemars::JsonSchema;
use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};

use super::sealed::Read;
use super::text::{Named, Texts};
use super::{BodyKind, Input};
use crate::openapi::Describe;
use crate::problem::codes;
use crate::route::Call;

/// The parameters of the path, without `{tenant}` on tenant routes. `T` is a struct with their names, or, when there is
/// one, a single value such as an id. A value that cannot be one of `T` is 404: nothing has such an address.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

/// The parameters of the query, read into a struct. Unknown ones are refused with 422; a repeated one fills a list.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Read for Path<T> {
    fn read(call: &Call) -> Result<Self, Problem> {
        let pairs: Vec<_> = call
            .params
            .iter()
            .filter(|(name, _)| !call.endpoint.is_tenant_param(name))
            .map(|(name, value)| ((*name).to_owned(), vec![value.clone()]))
            .collect();
        T::deserialize(PathValues(&pairs))
            .map(Self)
            .map_err(|_| Problem::not_found())
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Path<T> {
    const BODY: BodyKind = BodyKind::None;

    fn describe(operation: &mut Describe<'_>) {
        operation.path_parameters::<T>();
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Read for Query<T> {
    fn read(call: &Call) -> Result<Self, Problem> {
        let pairs = split_query(call.info.query())?;
        for (name, _) in &pairs {
            if !call.endpoint.known_query.iter().any(|known| known == name) {
                return Err(refused(
                    name,
                    "unknown_parameter",
                    "this operation has no such parameter",
                ));
            }
        }
        let mut at = String::new();
        T::deserialize(Named::new(&pairs, &mut at))
            .map(Self)
            .map_err(|error| refused(&at, codes::INVALID_PARAMETER.code, &error.to_string()))
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Input for Query<T> {
    const BODY: BodyKind = BodyKind::None;

    fn describe(operation: &mut Describe<'_>) {
        operation.query_parameters::<T>();
    }
}

fn refused(name: &str, code: &'static str, detail: &str) -> Problem {
    let pointer = if name.is_empty() {
        String::new()
    } else {
        format!("?{name}")
    };
    Problem::invalid(codes::INVALID_PARAMETER.code, "the query cannot be read")
        .and_field(pointer, code, detail)
}

/// Splits `a=1&b=2`, decodes both sides, and gathers repeated names.
fn split_query(query: &str) -> Result<Vec<(String, Vec<String>)>, Problem> {
    let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            return Err(refused(
                "",
                codes::INVALID_PARAMETER.code,
                "not text in UTF-8 after decoding",
            ));
        };
        match pairs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => pairs.push((name, vec![value])),
        }
    }
    Ok(pairs)
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        // No engine stores U+0000.
        .filter(|text| !text.contains('\0'))
        .map(Into::into)
}

/// Path values: a struct takes them by name, anything else takes the only one.
struct PathValues<'a>(&'a [(String, Vec<String>)]);

impl<'de> PathValues<'de> {
    fn only(&self) -> Result<Texts<'de>, Error> {
        match self.0 {
            [(_, values)] => Ok(Texts(values)),
            _ => Err(serde::de::Error::custom(
                "the path has more than one parameter",
            )),
        }
    }
}

macro_rules! single {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.only()?.$method(visitor)
        }
    )+};
}

impl<'de> Deserializer<'de> for PathValues<'de> {
    type Error = Error;

    single! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_option deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut at = String::new();
        visitor.visit_map(Named::new(self.0, &mut at))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.only()?.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let values: Vec<Texts<'de>> = self.0.iter().map(|(_, values)| Texts(values)).collect();
        visitor.visit_seq(serde::de::value::SeqDeserializer::new(values.into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }
}

impl<'de> IntoDeserializer<'de, Error> for PathValues<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
