export {
  derivedSeed,
  drawDelayMs,
  drawShapedMs,
  seededRandom,
  textHash,
  type DelayShape,
  type DelaySpread,
  type Random,
} from '../../shared/chance.ts';
