// Prepares `dist` for the binary: every text file compressed as small as it gets, and a list of what there is.
// `--clear` empties the folder before a build instead.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

const kinds = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const compressible = new Set(['.html', '.js', '.css', '.svg']);

if (process.argv.includes('--clear')) {
  for (const name of readdirSync(dist)) {
    if (name !== '.gitignore') rmSync(join(dist, name), { recursive: true });
  }
} else {
  const lines = [];
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    const kind = kinds[extname(entry.name)];
    if (!entry.isFile() || kind === undefined) continue;
    const bytes = readFileSync(file);
    const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
    const path = file.slice(dist.length).replaceAll('\\', '/');
    lines.push([path, kind, digest, path.startsWith('/assets/') ? 'immutable' : 'changing'].join('\t'));
    if (!compressible.has(extname(entry.name))) continue;
    const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    writeFileSync(`${file}.br`, brotli);
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
  if (!existsSync(join(dist, 'index.html'))) throw new Error('dist has no index.html: build first');
  writeFileSync(join(dist, 'files.tsv'), lines.sort().join('\n') + '\n');
}
