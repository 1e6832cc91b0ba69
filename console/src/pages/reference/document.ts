/** The part of an OpenAPI document that the reference reads. It comes from the server, so nothing in it is taken for granted. */

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  const?: unknown;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  additionalProperties?: boolean | Schema;
  enum?: unknown[];
}

interface Content {
  schema?: Schema;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, Content> };
  responses?: Record<
    string,
    { description?: string; content?: Record<string, Content>; 'x-codes'?: string[] }
  >;
  'x-permission'?: string;
  'x-platform-permission'?: string;
  'x-step-up'?: boolean;
}

export interface ApiDocument {
  info?: { title?: string; version?: string };
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

export interface Entry {
  id: string;
  method: string;
  path: string;
  operation: Operation;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** The operations by the part that they belong to, in the order of the document. */
export function entries(document: ApiDocument): Map<string, Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item)) {
      if (!methods.includes(method)) continue;
      const tag = operation.tags?.[0] ?? 'other';
      const id = operation.operationId ?? `${method} ${path}`;
      const list = found.get(tag) ?? [];
      list.push({ id, method: method.toUpperCase(), path, operation });
      found.set(tag, list);
    }
  }
  return found;
}

const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf('/') + 1);

/** The schema that stands behind a reference. */
export function resolve(document: ApiDocument, schema: Schema | undefined): Schema | undefined {
  if (schema?.$ref === undefined) return schema;
  return document.components?.schemas?.[nameOf(schema.$ref)];
}

/** A type in words: `string (uuid)`, `Student[]`, `"a" | "b"`. */
export function typeName(document: ApiDocument, schema: Schema | undefined): string {
  if (schema === undefined) return 'any';
  if (schema.$ref !== undefined) {
    const target = resolve(document, schema);
    // A choice of words says more than its name.
    return target?.oneOf?.every((one) => one.const !== undefined) === true
      ? typeName(document, target)
      : nameOf(schema.$ref);
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.map((one) => typeName(document, one)).join(' | ');
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['any']);
  return types
    .map((type) => {
      if (type === 'array') return `${typeName(document, schema.items)}[]`;
      return type === 'string' && schema.format !== undefined ? `string (${schema.format})` : type;
    })
    .join(' | ');
}

/** Names of the schemas that somebody has to know to read this one. */
export function mentioned(document: ApiDocument, schema: Schema | undefined): string[] {
  const found = new Set<string>();
  const walk = (one: Schema | undefined, depth: number) => {
    if (one === undefined || depth > 6) return;
    if (one.$ref !== undefined) {
      const name = nameOf(one.$ref);
      if (found.has(name)) return;
      found.add(name);
      walk(document.components?.schemas?.[name], depth + 1);
    }
    for (const part of [...(one.oneOf ?? []), ...(one.anyOf ?? [])]) walk(part, depth + 1);
    walk(one.items, depth + 1);
    for (const part of Object.values(one.properties ?? {})) walk(part, depth + 1);
  };
  walk(schema, 0);
  return [...found].filter((name) => document.components?.schemas?.[name]?.properties !== undefined);
}
