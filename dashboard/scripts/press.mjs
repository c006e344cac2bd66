// Writes the files of dist/ pressed beside themselves (`x.js.br`, `x.js.gz`): the hub hands them out as they are, and presses nothing itself.

import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(html|js|css|svg|json|txt|webmanifest)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const plain = readFileSync(path);
  for (const [ending, pressed] of [['br', brotliCompressSync(plain, best)], ['gz', gzipSync(plain, { level: 9 })]]) {
    if (pressed.length < plain.length) writeFileSync(`${path}.${ending}`, pressed);
  }
}
