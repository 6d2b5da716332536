// Not every Node starts a thread from a TypeScript file: this one imports the file that stands in `argv`.
import { register } from 'tsx/esm/api';

register();
await import(process.argv[2]);
