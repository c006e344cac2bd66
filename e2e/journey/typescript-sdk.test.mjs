// The main job against a server that is its own authorization server, both on the TypeScript SDK.

import { startTypeScriptWorld } from '../harness/worlds.mjs';
import { mainJob } from './main-job.mjs';

mainJob('TypeScript SDK', startTypeScriptWorld);
