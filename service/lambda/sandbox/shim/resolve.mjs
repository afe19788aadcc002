// A module resolution hook: what an ES module imports by a bare name, and has
// not in a node_modules folder of its own, is looked for in NODE_PATH.
import { createRequire } from 'module';
import { pathToFileURL } from 'url';

const require = createRequire(import.meta.url);

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || /^(\.{0,2}\/|[a-z]+:)/.test(specifier)) throw error;
    let found;
    try {
      found = require.resolve(specifier); // knows NODE_PATH
    } catch {
      throw error;
    }
    return { url: pathToFileURL(found).href, shortCircuit: true };
  }
}
