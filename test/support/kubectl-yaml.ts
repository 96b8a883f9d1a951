/** YAML, and the JSON that kubectl makes of it: each row was asked of kubectl, and is again where there is one. */
export const KUBECTL_YAML: readonly (readonly [yaml: string, json: string])[] = [
  ['[yes, Yes, YES, y, Y, on, On, true, True, TRUE]', '[true,true,true,true,true,true,true,true,true,true]'],
  ['[no, No, NO, n, N, off, OFF, false, False]', '[false,false,false,false,false,false,false,false,false]'],
  ['["yes", \'on\', !!str no, yEs, tRUE, oN]', '["yes","on","no","yEs","tRUE","oN"]'],
  ['[~, null, Null, NULL, nULL, !!null ""]', '[null,null,null,null,"nULL",null]'],
  ['{a: , b: !!str }', '{"a":null,"b":""}'],
  ['[1_000, 1__0, 0_, _1, 0_8, 1_.5, 1_e3]', '[1000,10,0,"_1",8,1.5,1000]'],
  ['[014, 0o14, 0O14, -014, +014, 0_7, 00, 08, 09, 0o8]', '[12,12,12,-12,12,7,0,8,9,"0o8"]'],
  ['[0x1F, 0X1f, -0x1F, +0x1F, 0x, 0b101, -0b11, 0b2, 0b1_01]', '[31,31,-31,31,"0x",5,-3,"0b2",5]'],
  ['[+5, ++1, -0, -0.0, 0., .5, -.5, +.5, ., ._1, .5_0]', '[5,"++1",0,0,0,0.5,-0.5,0.5,".","._1",0.5]'],
  ['[1e3, 1E3, 1e+3, 1.5e3, .1e1, 1e, .5e, 1e400, 1e-7]', '[1000,1000,1000,1500,1,"1e",".5e","1e400",1e-7]'],
  ['[1.0, 1.10, 1e21, 123456789.123]', '[1,1.1,1e+21,123456789.123]'],
  [
    '[2020-01-01, 2020-01-01T00:00:00Z, 1:30, 190:20:30.15, =]',
    '["2020-01-01","2020-01-01T00:00:00Z","1:30","190:20:30.15","="]',
  ],
  ['[!!int "5", !!float 1, !!bool "yes", !!binary aGk=, !!timestamp 2020-01-01]', '[5,1,true,"hi","2020-01-01"]'],
  ['[!mine x, ! 5]', '["x","5"]'],
  [
    '{on: 1, 1: a, 1.5: b, 0x10: c, 1_0: d, no: e, 2020-01-01: f}',
    '{"true":1,"1":"a","1.5":"b","16":"c","10":"d","false":"e","2020-01-01":"f"}',
  ],
  ['{a: 1, a: 2}', '{"a":2}'],
  ['{a: &x {k: 1}, b: {<<: *x, z: 2}}', '{"a":{"k":1},"b":{"k":1,"z":2}}'],
  ['{<<: [{k: 1}, {k: 2, l: 3}], z: 2}', '{"k":1,"l":3,"z":2}'],
  ['{<<: {k: 1}, k: 5}', '{"k":5}'],
  ['{k: 5, <<: {k: 1}}', '{"k":1}'],
  ['{"<<": {k: 1}, a: <<}', '{"<<":{"k":1},"a":"<<"}'],
  [
    '[9007199254740991, -9223372036854775808, 99999999999999999999999999]',
    '[9007199254740991,-9223372036854775808,1e+26]',
  ],
];

/** What kubectl refuses. */
export const NOT_FOR_KUBECTL: readonly string[] = [
  '.inf',
  '-.Inf',
  '+.INF',
  '.NaN',
  '!!int x',
  '!!int 1.5',
  '!!bool 1',
  '!!null x',
  '{~: a}',
  '{? [a] : b}',
  '*nothing',
  '&a [*a]',
  '{<<: 1}',
  '@x',
  '[1',
];
