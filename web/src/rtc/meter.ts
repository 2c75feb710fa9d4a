// How loud a track is at the moment.

export interface Meter {
  /** 0 to 1, over the last 20 ms or so; 0 without a track. */
  level(): number;
  close(): void;
}

export interface MeterOptions {
  createContext(): AudioContext;
  track(): MediaStreamTrack | null;
}

/** Quieter than this is silence, louder is full. */
const FLOOR_DB = -60;
const CEILING_DB = -10;

export function createMeter({ createContext, track }: MeterOptions): Meter {
  let context: AudioContext | null = null;
  let analyser: AnalyserNode | null = null;
  let source: MediaStreamAudioSourceNode | null = null;
  let followed: MediaStreamTrack | null = null;
  const samples = new Float32Array(1024);

  function close(): void {
    source?.disconnect();
    // It is closed once, by whoever holds it last; what it was used for is over.
    void context?.close();
    context = null;
    analyser = null;
    source = null;
    followed = null;
  }

  function follow(next: MediaStreamTrack): AnalyserNode {
    context ??= createContext();
    analyser ??= new AnalyserNode(context, { fftSize: samples.length });
    if (followed === next) return analyser;
    source?.disconnect();
    source = context.createMediaStreamSource(new MediaStream([next]));
    source.connect(analyser);
    followed = next;
    return analyser;
  }

  return {
    level() {
      const next = track();
      if (!next) {
        if (context) close();
        return 0;
      }
      follow(next).getFloatTimeDomainData(samples);
      return levelOf(samples);
    },
    close,
  };
}

/** Returns the loudness of samples from -1 to 1 on the scale of an ear: 0 to 1. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const db = 10 * Math.log10(sum / samples.length + Number.EPSILON);
  return Math.min(Math.max((db - FLOOR_DB) / (CEILING_DB - FLOOR_DB), 0), 1);
}
