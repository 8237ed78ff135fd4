// What the compiler leaves to do: the Lua scripts beside their modules, the executable bit of the command, and the end of
// what was built of a source that is gone, since all of dist is packed.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

for (const path of readdirSync('src', { recursive: true })) {
  if (!path.endsWith('.lua')) continue;
  mkdirSync(dirname(join('dist', path)), { recursive: true });
  copyFileSync(join('src', path), join('dist', path));
}
for (const path of readdirSync('dist', { recursive: true })) {
  const source = path.replace(/\.(d\.ts|js)(\.map)?$/, '.ts');
  if (path !== '.tsbuildinfo' && !existsSync(join('src', source))) {
    rmSync(join('dist', path), { recursive: true, force: true });
  }
}
chmodSync('dist/main.js', 0o755);
