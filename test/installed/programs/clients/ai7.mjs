import * as ai from 'ai7';
import { MockLanguageModelV4 } from 'ai7/test';
import { waysOf } from './ai-ways.mjs';

export const ways = waysOf(ai, MockLanguageModelV4);
