export { httpCheck } from './http-check.ts';
