/**
 * Words that the end-to-end tests plant where secrets are, each said nowhere else, so that whoever finds one in a log, an
 * event, a metric or an audit annotation knows what leaked and from where.
 */
export const PLANTED = {
  policy: 'planted7in2policies',
  entities: 'planted4in6entities',
  claims: 'planted9in1claims',
  url: 'planted3in8urls',
  token: 'planted5in5tokens',
  secret: 'planted1in3secrets',
  body: 'planted8in4bodies',
} as const;
