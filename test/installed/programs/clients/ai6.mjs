import * as ai from 'ai6';
import { MockLanguageModelV3 } from 'ai6/test';
import { waysOf } from './ai-ways.mjs';

export const ways = waysOf(ai, MockLanguageModelV3);
