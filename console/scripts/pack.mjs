// Prepares `dist` for the binary: every text file compressed as small as it gets, and a list of what there is. Says how much script the first
// page needs, and refuses too much.
// `--clear` empties the folder before a build instead.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
/** Script that is there before any page is shown, in bytes of gzip. */
const MOST_SCRIPT = 180 * 1024;
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
  const page = readFileSync(join(dist, 'index.html'), 'utf8');
  const scripts = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path);
  const script = scripts.reduce((sum, path) => sum + statSync(join(dist, `${path}.gz`)).size, 0);
  console.log(
    `script before the first page: ${(script / 1024).toFixed(1)} KiB of ${MOST_SCRIPT / 1024} (gzip)`,
  );
  if (scripts.length === 0 || script > MOST_SCRIPT) process.exit(1);
}
