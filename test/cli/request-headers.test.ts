import { describe, expect, it } from '@jest/globals';
import { headersFromEnv, withHeader } from '../../src/cli/recordings/request-headers.ts';

const headersFromOptions = (options: readonly string[]) =>
  options.reduce<ReturnType<typeof withHeader> | undefined>(
    (headers, option) => withHeader(option, headers),
    undefined,
  );

describe('the headers for a backend', () => {
  it('are given as name=value or as HTTP writes them, the last of a name counts', () => {
    expect(
      headersFromOptions([
        'X-Scope-OrgID=team-a',
        'Authorization: Bearer a=b:c==',
        'x-empty=',
        'X-Scope-OrgID:team-b',
        ' spaces  =  around  ',
      ]),
    ).toEqual({
      'x-scope-orgid': 'team-b',
      authorization: 'Bearer a=b:c==',
      'x-empty': '',
      spaces: 'around',
    });
  });

  it.each(['', 'token', '=value', ': value', 'my name=value', 'ä=b'])(
    'are not %j, and the message repeats nothing',
    (text) => {
      expect(() => headersFromOptions([text])).toThrow(`got ${text.length} characters without the name of a header`);
    },
  );

  it.each(['a\r\nb', 'a\u0000', '…'])('have no value such as %j, which no message repeats', (value) => {
    expect(() => headersFromOptions([`token=secret${value}`])).toThrow(
      '--header: expected a value of printable characters for token, got one with others',
    );
  });

  const env = { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b,x=1', OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=2, broken' };

  it('come from the standard variables for their own endpoint alone', () => {
    const endpoint = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com/otlp' };
    expect(headersFromEnv('https://otlp.example.com/tempo', endpoint)).toEqual({ 'api-key': 'a b', x: '2' });
    for (const url of [
      'http://otlp.example.com',
      'https://otlp.example.com:444',
      'https://tempo.example.com',
      '',
      '://',
    ]) {
      expect(headersFromEnv(url, endpoint)).toEqual({});
    }
    expect(headersFromEnv('http://localhost:4318', env)).toEqual({});
  });

  it('belong to the endpoint of traces, where that is another', () => {
    const both = {
      ...env,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://metrics.example.com',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example.com/v1/traces',
    };
    expect(headersFromEnv('https://traces.example.com', both)).toEqual({ 'api-key': 'a b', x: '2' });
    expect(headersFromEnv('https://metrics.example.com', both)).toEqual({});
  });
});
