// Jest's transform: Node's own type stripping, which keeps every line and column where it was, so that a stack trace
// points into the source without a map. The sources hold erasable syntax only (tsconfig: erasableSyntaxOnly).
const { createHash } = require('node:crypto');
const { stripTypeScriptTypes } = require('node:module');

module.exports = {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  // Jest keeps what it made of a file, counters for the coverage included.
  getCacheKey: (source, _path, { instrument }) =>
    createHash('sha256')
      .update(`${process.version}\0${String(instrument)}\0`)
      .update(source)
      .digest('hex'),
};
