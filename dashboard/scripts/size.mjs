// How much a browser loads before it shows the first page: the entry, Home, and all that both import; pressed. And that nothing stands inline.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 250_000;
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const html = readFileSync(join(dist, 'index.html'), 'utf8');
const files = readdirSync(join(dist, 'assets'));
const text = (file) => readFileSync(join(dist, 'assets', file), 'utf8');

const first = new Set(files.filter((file) => html.includes(file) || /^home-.*\.js$/.test(file)));
// A set that grows while it is walked is walked to its end.
for (const file of first) {
  if (!file.endsWith('.js')) continue;
  for (const [, imported] of text(file).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) first.add(imported);
}
const pressed = (file) => gzipSync(text(file), { level: 9 }).length;
const sum = (list) => [...list].filter((file) => /\.(js|css)$/.test(file)).reduce((sum, file) => sum + pressed(file), 0);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const load = sum(first);
console.log(`first load ${kilobytes(load)} of at most ${kilobytes(LIMIT)}, all pages and languages ${kilobytes(sum(files))}; gzipped`);
if (/<style|<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=/.test(html)) {
  console.error('index.html has something inline, which the content security policy forbids');
  process.exit(1);
}
if (load > LIMIT) process.exit(1);
