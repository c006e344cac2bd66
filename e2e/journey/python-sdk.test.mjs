// The main job against a server that is its own authorization server, both on the Python SDK.

import { startPythonWorld } from '../harness/worlds.mjs';
import { mainJob } from './main-job.mjs';

mainJob('Python SDK', startPythonWorld);
