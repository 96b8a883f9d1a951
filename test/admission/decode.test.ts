import { decodeReview } from '../../src/admission/decode.ts';

const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} };

function decode(request: string): unknown {
  const fields = `"uid":"u-1","operation":"CREATE","object":${JSON.stringify(object)}`;
  const body = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{${fields}${request}}}`;
  return decodeReview(Buffer.from(body));
}

const BLANK = {
  ...{ uid: 'u-1', operation: 'CREATE', object, oldObject: undefined, dryRun: false },
  kind: { group: '', version: '', kind: '' },
  resource: { group: '', version: '', resource: '' },
  ...{ subResource: '', name: '', namespace: '', userInfo: { username: '', groups: [] } },
};

it.each([
  ['absent', ''],
  [
    'null',
    ',"kind":null,"resource":null,"subResource":null,"name":null,"namespace":null,"userInfo":null,"dryRun":null',
  ],
  ['of another type', ',"kind":["x"],"resource":7,"subResource":{},"name":1,"userInfo":"alice","dryRun":"true"'],
  ['null within', ',"kind":{"group":null},"userInfo":{"username":null,"groups":null}'],
  ['in a key that is no prototype', ',"__proto__":{"name":"w","kind":{"kind":"Pod"},"dryRun":true}'],
  [
    'in such a key within',
    ',"kind":{"__proto__":{"kind":"Pod"}},"userInfo":{"__proto__":{"groups":["system:masters"]}}',
  ],
])('fields that are %s are empty', (_title, request) => {
  expect(decode(request)).toEqual(BLANK);
});

it('reads every field that it promises, and of the groups those that are strings', () => {
  const fields = {
    kind: { group: 'g', version: 'v', kind: 'k' },
    resource: { group: 'rg', version: 'rv', resource: 'r' },
    ...{ subResource: 's', name: 'n', namespace: 'ns', dryRun: true },
  };
  const userInfo = { username: 'alice', groups: ['dev', 7, null, 'ops'] };
  const text = JSON.stringify({ ...fields, userInfo }).slice(1, -1);
  expect(decode(`,${text}`)).toEqual({
    ...{ ...BLANK, ...fields },
    userInfo: { username: 'alice', groups: ['dev', 'ops'] },
  });
});
