type Settings = Readonly<Record<string, unknown>>;

const format = { type: 'audio/pcm', rate: 24_000 };

/** Turns by hand: nothing listens to the caller. */
export const detectionOff: Settings = {
  type: 'realtime',
  output_modalities: ['audio'],
  audio: { input: { format, turn_detection: null }, output: { format } },
};

/**
 * Every caller frame is judged and every turn found, but no turn ends or starts an answer, so that
 * audio flows in both directions all the time and frames stay comparable.
 */
export const detectionOn: Settings = {
  type: 'realtime',
  output_modalities: ['audio'],
  audio: {
    input: {
      format,
      turn_detection: {
        type: 'server_vad',
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: 500,
        create_response: false,
        interrupt_response: false,
      },
    },
    output: { format },
  },
};
