// Not every version of Node can start a thread from a TypeScript file, so this file imports the one in `argv`.
import { register } from 'tsx/esm/api';

register();
await import(process.argv[2]);
