import { stopStarted } from './global-setup.ts';

// eslint-disable-next-line import-x/no-default-export -- the interface of jest's globalTeardown
export default stopStarted;
