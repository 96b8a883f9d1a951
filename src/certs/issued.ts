/** What a certificate that was issued looks like, for those who read it and never issue one. */

export interface IssuedCertificate {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** Clocks of two machines differ a little; a certificate that is not valid yet is refused like an expired one. */
export const BACKDATE_MS = 60_000;
