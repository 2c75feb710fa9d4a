// The ring of an incoming call and the tone of an outgoing one, made by oscillators: no file is loaded.

interface Pattern {
  /** Hertz and seconds, one after the other. */
  notes: readonly (readonly [frequency: number, seconds: number])[];
  /** Seconds from one start to the next. */
  every: number;
  volume: number;
  vibrate: readonly number[];
}

const PATTERNS: Record<"incoming" | "outgoing", Pattern> = {
  incoming: {
    notes: [
      [659, 0.16],
      [784, 0.16],
      [988, 0.28],
      [784, 0.16],
      [988, 0.36],
    ],
    every: 2.4,
    volume: 0.16,
    vibrate: [400, 200, 400],
  },
  outgoing: { notes: [[425, 1]], every: 4, volume: 0.05, vibrate: [] },
};

/** Rings until the returned function is called. */
export function startRinging(kind: "incoming" | "outgoing"): () => void {
  const pattern = PATTERNS[kind];
  const context = new AudioContext();
  const once = (): void => {
    if (context.state === "running") playOnce(context, pattern);
    if (pattern.vibrate.length > 0 && "vibrate" in navigator && navigator.userActivation?.hasBeenActive)
      navigator.vibrate([...pattern.vibrate]);
  };
  // A page that nobody has touched may not sound yet; it starts with the first touch.
  void context.resume().then(once);
  const timer = window.setInterval(once, pattern.every * 1000);
  return () => {
    window.clearInterval(timer);
    if (pattern.vibrate.length > 0 && "vibrate" in navigator && navigator.userActivation?.hasBeenActive) navigator.vibrate(0);
    void context.close();
  };
}

function playOnce(context: AudioContext, { notes, volume }: Pattern): void {
  let at = context.currentTime;
  for (const [frequency, seconds] of notes) {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.type = "sine";
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(volume, at + 0.02);
    gain.gain.setValueAtTime(volume, at + seconds - 0.04);
    gain.gain.linearRampToValueAtTime(0, at + seconds);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(at);
    oscillator.stop(at + seconds);
    at += seconds;
  }
}
