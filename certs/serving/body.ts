import express, { type ErrorRequestHandler, type RequestHandler } from 'express';

/**
 * Reads a JSON body as bytes, up to `limitBytes`, once `bound` lets it in; compressed bodies are refused, not
 * inflated, and so is one that does not announce its length, for nobody knows what it will weigh.
 */
export function rawJsonBody(
  limitBytes: number,
  bound: RequestHandler = (_request, _response, next) => next(),
): RequestHandler[] {
  return [
    function requireJson(request, response, next) {
      const type = request.headers['content-type'] ?? '';
      if (/^application\/json\s*(;|$)/i.test(type)) return next();
      response.status(415).json({
        error: `the content type is ${type === '' ? 'missing' : `"${type}"`}; send application/json`,
      });
    },
    function requireLength(request, response, next) {
      const { 'content-length': announced } = request.headers;
      // Before anybody gives way to it: it would never fit.
      if (Number(announced) > limitBytes) {
        response
          .status(413)
          .set('Connection', 'close')
          .json({ error: sentenceFor(413, limitBytes) });
        return;
      }
      if (announced !== undefined) return next();
      response
        .status(411)
        .set('Connection', 'close')
        .json({ error: 'the body does not announce its length; send it with a Content-Length' });
    },
    bound,
    express.raw({ type: () => true, limit: limitBytes, inflate: false }),
  ];
}

/** Turns whatever a handler threw into one sentence of JSON: no stack, no HTML page. */
export function jsonErrorHandler(limitBytes: number): ErrorRequestHandler {
  return function errorInJson(error, _request, response, next) {
    if (response.headersSent) return next(error);
    const status = typeof error?.status === 'number' ? error.status : 500;
    const isOfAddress = error instanceof URIError;
    response
      .status(status)
      .json({ error: isOfAddress ? BAD_ADDRESS : sentenceFor(status, limitBytes) });
  };
}

const BAD_ADDRESS =
  'the address cannot be read; write each % in it as %25, or as the beginning of a code such as %2F';

function sentenceFor(status: number, limitBytes: number): string {
  if (status === 413)
    return `the body is over the limit of ${limitBytes} bytes; send a smaller one`;
  if (status === 415) return 'the body is compressed; send it without a Content-Encoding';
  if (status < 500) return 'the body did not arrive whole; send it again';
  return 'an unexpected failure inside Surefoot; its log has the details';
}
