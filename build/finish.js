// What the compiler leaves to do: the Lua scripts beside their modules, the style and the script of the board, the executable bit of the command, and the end of
// what was built of a source that is gone, since all of dist is packed. Paths in dist are those of the sources.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

for (const path of readdirSync('src', { recursive: true })) {
  if (!path.endsWith('.lua') && !/^board\/assets\/./.test(path)) continue;
  const target = join('dist/src', path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join('src', path), target);
}
for (const path of readdirSync('dist', { recursive: true })) {
  const source = path.replace(/\.(d\.ts|js)(\.map)?$/, '.ts');
  if (path !== '.tsbuildinfo' && !existsSync(source) && !existsSync(path))
    rmSync(join('dist', path), { recursive: true, force: true });
}
chmodSync('dist/src/main.js', 0o755);
