// Jest's transform: Node's own type stripping, which keeps every line and column where it was, so that a stack trace
// points into the source without a map. The sources hold erasable syntax only (tsconfig: erasableSyntaxOnly).
const { createHash } = require('node:crypto');
const { stripTypeScriptTypes } = require('node:module');

module.exports = {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: (source) => createHash('sha256').update(process.version).update('\0').update(source).digest('hex'),
};
