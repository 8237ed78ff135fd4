// What the compiler leaves out: the Lua scripts beside their modules, and the executable bit of the command.
import { chmodSync, cpSync } from 'node:fs';

for (const folder of ['ledger', 'jobs']) {
  cpSync(`src/${folder}`, `dist/${folder}`, {
    recursive: true,
    filter: (path) => !/\.\w+$/.test(path) || path.endsWith('.lua'),
  });
}
chmodSync('dist/main.js', 0o755);
