// The Lambda runtime for Node.js, in terms of the Lambda Runtime API.
//
// It loads the function that _HANDLER names from LAMBDA_TASK_ROOT, asks for
// events, calls it, and answers. What a function can observe (context object,
// callbacks, error reports, console format) is as in AWS's runtime:
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
// It needs Node.js 18 and no package.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');
const nodeModule = require('module');
const { Writable } = require('stream');
const { pathToFileURL } = require('url');

const API = '/2018-06-01/runtime';
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

let requestId; // of the event that is worked on, or was last
let current = null; // the Invocation under way

// Fault is an error with a name of Lambda's own.
class Fault extends Error {
  constructor(name, message) {
    super(message);
    this.name = 'Runtime.' + name;
  }
}

// Client speaks HTTP/1.1 over one connection, one request at a time. The
// connection keeps the process alive only while it waits for an answer, so that
// the event loop is empty when the function has nothing left to do.
class Client {
  constructor(address) {
    const [host, port] = address.split(':');
    this.address = address;
    this.chunks = [];
    this.size = 0;
    this.socket = net.connect({ host, port, noDelay: true });
    this.socket.on('data', (chunk) => this.receive(chunk));
    this.socket.on('error', () => process.exit(0)); // Lambda is gone
    this.socket.on('end', () => process.exit(0));
  }

  request(method, target, body = '', headers = {}) {
    const bytes = Buffer.from(body);
    const fields = { Host: this.address, 'Content-Length': bytes.length, ...headers };
    let head = `${method} ${API}${target} HTTP/1.1\r\n`;
    for (const [name, value] of Object.entries(fields)) head += `${name}: ${value}\r\n`;
    this.socket.ref();
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.socket.write(Buffer.concat([Buffer.from(head + '\r\n', 'latin1'), bytes]));
    });
  }

  receive(chunk) {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (!this.head && !this.parseHead()) return;
    const { start, length } = this.head;
    if (this.size < start + length) return;
    const all = Buffer.concat(this.chunks);
    const answer = { ...this.head, body: all.toString('utf8', start, start + length) };
    this.chunks = [];
    this.size = 0;
    this.head = null;
    this.socket.unref();
    this.resolve(answer);
  }

  parseHead() {
    const all = Buffer.concat(this.chunks);
    this.chunks = [all];
    const end = all.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const [status, ...lines] = all.toString('utf8', 0, end).split('\r\n');
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    this.head = { status: +status.split(' ')[1], headers, start: end + 4, length: +headers['content-length'] };
    return true;
  }

  async next() {
    const { status, headers, body } = await this.request('GET', '/invocation/next');
    if (status !== 200) throw new Error(`next: status ${status}: ${body}`);
    return { headers, body };
  }

  async post(target, body, headers) {
    const answer = await this.request('POST', target, body, { 'Content-Type': 'application/json', ...headers });
    if (answer.status !== 202) {
      console.error(`Failed to post handler success response. Http response code: ${answer.status}. ${answer.body.trim()}`);
    }
  }

  postError(target, error) {
    const report = errorReport(error);
    return this.post(target, JSON.stringify(report), {
      'Lambda-Runtime-Function-Error-Type': String(report.errorType).replace(/[^\x20-\x7e]/g, '?'),
    });
  }
}

// errorReport is what the caller of a function that failed receives.
function errorReport(error) {
  try {
    if (util.types.isNativeError(error) || (error && error.name && error.message && error.stack)) {
      return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage: 'callback called with Error argument, but there was a problem while retrieving one or more of ' +
        'its message, name, and stack',
    };
  }
}

// logError writes an error with the fields that JSON leaves out.
function logError(what, error) {
  const err = error instanceof Error ? error : new Error(error);
  let text;
  try {
    text = JSON.stringify(err, (_, v) => !(v instanceof Error) ? v : {
      errorType: v.name, errorMessage: v.message, code: v.code, ...v, stack: String(v.stack).split('\n'),
    });
  } catch {
    text = JSON.stringify(errorReport(err));
  }
  console.error(what, '\t' + text);
}

// patchConsole gives each call a line of Lambda's format. A carriage return is
// a line end within an event.
function patchConsole() {
  const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
  const least = Math.max(0, levels.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL || '').toUpperCase()));
  const log = (level) => levels.indexOf(level) < least ? () => {} : (...args) => {
    const line = `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...args)}`;
    process.stdout.write(line.replace(/\n/g, '\r') + '\n');
  };
  for (const level of levels) console[level.toLowerCase()] = log(level);
  console.log = console.info;
}

// Invocation is one event and the ways to answer it; the first one counts.
class Invocation {
  constructor(client, { headers, body }) {
    this.client = client;
    this.headers = headers;
    this.body = body;
    this.id = headers['lambda-runtime-aws-request-id'];
    this.claimed = false; // a callback was called
    this.posted = false;
    this.whenIdle = null; // what to do when the event loop is empty
    this.done = new Promise((resolve) => { this.resolve = resolve; });
  }

  async succeed(result) {
    if (this.posted) return;
    let text;
    try {
      text = JSON.stringify(result === undefined ? null : result);
      if (text === undefined) text = 'null';
    } catch {
      return this.fail(new Error('Unable to stringify response body'));
    }
    await this.finish(() => this.client.post(`/invocation/${this.id}/response`, text));
  }

  async fail(error) {
    if (this.posted) return;
    logError('Invoke Error', error);
    await this.finish(() => this.client.postError(`/invocation/${this.id}/error`, error));
  }

  async finish(post) {
    if (this.posted) return;
    this.posted = true;
    this.whenIdle = null;
    await post();
    this.resolve();
  }

  // once lets the first of the callbacks through.
  once(f) {
    return (...args) => {
      if (this.claimed) return;
      this.claimed = true;
      f(...args);
    };
  }

  callback(context) {
    return this.once((error, result) => {
      if (error !== undefined && error !== null) this.fail(error);
      else if (context.callbackWaitsForEmptyEventLoop) this.whenIdle = () => this.succeed(result);
      else this.succeed(result);
    });
  }

  context() {
    const { headers, env } = { headers: this.headers, env: process.env };
    const deadline = +headers['lambda-runtime-deadline-ms'];
    return {
      callbackWaitsForEmptyEventLoop: true,
      succeed: this.once((result) => this.succeed(result)),
      fail: this.once((error) => this.fail(error === undefined || error === null ? 'handled' : error)),
      done: this.once((error, result) =>
        error === undefined || error === null ? this.succeed(result) : this.fail(error)),
      functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: parseHeader(headers, 'ClientContext', 'client-context'),
      identity: parseHeader(headers, 'CognitoIdentity', 'cognito-identity'),
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      awsRequestId: this.id,
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
  }
}

function parseHeader(headers, name, field) {
  const text = headers['lambda-runtime-' + field];
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (e) {
    throw new Error(`Cannot parse ${name} as json: ${e}`);
  }
}

// call runs the handler for one event, in whichever of the styles it is written.
function call(handler, invocation) {
  const isAsync = handler.constructor && handler.constructor.name === 'AsyncFunction';
  invocation.whenIdle = () => isAsync
    ? invocation.fail(new Fault('NodeJsExit', 'The Lambda runtime client detected an unexpected Node.js exit code. ' +
      'This is most commonly caused by a Promise that was never settled. ' +
      'For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes'))
    : invocation.succeed(null);
  try {
    const context = invocation.context();
    const event = JSON.parse(invocation.body);
    if (handler[STREAMING]) return callStreaming(handler, invocation, event, context);
    const callback = invocation.callback(context);
    const result = handler(event, context, callback);
    if (result && typeof result.then === 'function') result.then(context.succeed, context.fail);
  } catch (error) {
    invocation.once(() => invocation.fail(error))();
  }
}

// callStreaming gives the caller the whole stream at once: that is what a
// buffered invocation of a streaming function returns.
function callStreaming(handler, invocation, event, context) {
  const chunks = [];
  const stream = new Writable({
    write(chunk, encoding, done) { chunks.push(chunk); done(); },
  });
  let type = 'application/octet-stream';
  stream.setContentType = (value) => { type = value; };
  const ended = new Promise((resolve, reject) => stream.on('finish', resolve).on('error', reject));
  const returned = Promise.resolve(handler(event, stream, context));
  Promise.all([returned, ended]).then(
    () => invocation.finish(() => invocation.client.post(`/invocation/${invocation.id}/response`,
      Buffer.concat(chunks), { 'Content-Type': type })),
    (error) => invocation.fail(error));
}

// streaming is the global awslambda of AWS's runtime.
const streaming = {
  streamifyResponse(handler) {
    handler[STREAMING] = 'response';
    return handler;
  },
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setContentType('application/vnd.awslambda.http-integration-response');
      stream.write(JSON.stringify(prelude) + '\0'.repeat(8));
      return stream;
    },
  },
};

// load finds the handler "folder/module.property.property".
async function load(root, handler) {
  if (handler.includes('..')) {
    throw new Fault('MalformedHandlerName', `'${handler}' is not a valid handler name. Use absolute paths when ` +
      'specifying root directories in handler names.');
  }
  const base = path.basename(handler);
  const dot = base.indexOf('.');
  if (dot < 0) throw new Fault('MalformedHandlerName', 'Bad handler');
  const folder = handler.slice(0, handler.length - base.length);
  const module = await loadModule(root, folder, base.slice(0, dot)).catch(importFailure);
  const found = base.slice(dot + 1).split('.').reduce((value, key) => value && value[key], module);
  if (!found) throw new Fault('HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw new Fault('HandlerNotFound', `${handler} is not a function`);
  return found;
}

async function loadModule(root, folder, name) {
  const file = path.resolve(root, folder, name);
  const esm = isModulePackage(path.dirname(file));
  if (fs.existsSync(file)) return require(file);
  if (!esm && fs.existsSync(file + '.js')) return require(file + '.js');
  for (const candidate of esm ? [file + '.js', file + '.mjs'] : [file + '.mjs']) {
    if (!fs.existsSync(candidate)) continue;
    shareModules();
    return import(pathToFileURL(candidate).href);
  }
  if (fs.existsSync(file + '.cjs')) return require(file + '.cjs');
  return require(require.resolve('./' + path.join(folder, name), { paths: [root] }));
}

// isModulePackage says whether .js files in this folder are ES modules.
function isModulePackage(folder) {
  if (path.basename(folder) === 'node_modules') return false;
  const file = path.join(folder, 'package.json');
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
    } catch {
      return false;
    }
  }
  const parent = path.dirname(folder);
  return parent !== folder && isModulePackage(parent);
}

// shareModules lets ES modules, too, import the packages of NODE_PATH, where
// the SDK is. Node.js itself does that for CommonJS alone.
function shareModules() {
  const folders = (process.env.NODE_PATH || '').split(path.delimiter);
  if (!folders.some((f) => f && fs.existsSync(path.join(f, '@aws-sdk')))) return;
  if (nodeModule.register) nodeModule.register(pathToFileURL(path.join(__dirname, 'resolve.mjs')).href);
}

function importFailure(error) {
  let fault = error;
  if (error instanceof SyntaxError) fault = new Fault('UserCodeSyntaxError', String(error));
  else if (error && error.code === 'MODULE_NOT_FOUND') fault = new Fault('ImportModuleError', String(error));
  const sdk = /'((?:@aws-sdk\/[^'/]+|aws-sdk))[^']*'/.exec(error && error.message);
  if (sdk && /MODULE_NOT_FOUND/.test(error.code)) {
    fault.message += `\nOn AWS the runtime brings ${sdk[1]} along; here it is taken from the machine: run ` +
      `'npm install -g ${sdk[1]}', or name its folder in NODE_PATH, or put it into the function's package`;
  }
  if (fault !== error) fault.stack = `${fault.name}: ${fault.message}\n` + String(error.stack).split('\n').slice(1).join('\n');
  throw fault;
}

// crash reports an error that nothing caught, and ends the process.
function crash(client, what, error, status) {
  logError(what, error);
  const invocation = current;
  current = null;
  if (invocation && invocation.posted) return invocation.done.then(() => process.exit(status));
  if (invocation) invocation.posted = true;
  const target = invocation ? `/invocation/${invocation.id}/error` : '/init/error';
  if (!invocation && requestId !== undefined) process.exit(status); // between two events
  client.postError(target, error).then(() => process.exit(status));
}

async function main() {
  patchConsole();
  globalThis.awslambda = streaming;
  const client = new Client(process.env.AWS_LAMBDA_RUNTIME_API);
  process.on('uncaughtException', (error) => crash(client, 'Uncaught Exception', error, 129));
  process.on('unhandledRejection', (reason) => {
    const error = new Fault('UnhandledPromiseRejection', String(reason));
    error.reason = reason;
    crash(client, 'Unhandled Promise Rejection', error, 128);
  });
  process.on('beforeExit', () => {
    const action = current && current.whenIdle;
    if (!action) return;
    current.whenIdle = null;
    action();
  });
  let handler;
  try {
    handler = await load(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  } catch (error) {
    return crash(client, 'Uncaught Exception', error, 129);
  }
  for (;;) {
    const event = await client.next();
    current = new Invocation(client, event);
    requestId = current.id;
    const trace = event.headers['lambda-runtime-trace-id'];
    if (trace) process.env._X_AMZN_TRACE_ID = trace;
    else delete process.env._X_AMZN_TRACE_ID;
    call(handler, current);
    await current.done;
    current = null;
  }
}

main();
