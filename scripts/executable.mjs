// npm marks the `bin` executable when it installs the package; a fresh build needs the same to be started by hand.
import { chmodSync } from 'node:fs';

chmodSync('dist/main.js', 0o755);
