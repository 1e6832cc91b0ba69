// Types of the API from its description, and a name of its own for each schema.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const place = (path) => new URL(path, import.meta.url);
const document = JSON.parse(readFileSync(place('../../../docs/openapi.json'), 'utf8'));
const types = astToString(await openapiTS(document, { defaultNonNullable: false }));

// What the language itself calls so must not be hidden by a schema.
const renamed = { Record: 'AuditRecord' };
const names = Object.keys(document.components.schemas)
  .map((name) => `export type ${renamed[name] ?? name} = components['schemas']['${name}'];`)
  .join('\n');
writeFileSync(
  place('../src/schema.ts'),
  `// Made from docs/openapi.json by \`npm run generate\`.\n${types}\n${names}\n`,
);
