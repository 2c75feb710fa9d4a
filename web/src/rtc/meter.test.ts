import { describe, expect, it } from "vitest";
import { levelOf } from "./meter";

const tone = (amplitude: number): Float32Array => Float32Array.from({ length: 1024 }, (_, i) => amplitude * Math.sin(i / 7));

describe("how loud a microphone is", () => {
  it("goes from silence to full by the scale of an ear", () => {
    expect(levelOf(new Float32Array(1024))).toBe(0);
    expect(levelOf(tone(1))).toBe(1);
    const whisper = levelOf(tone(0.01));
    const speech = levelOf(tone(0.1));
    expect(whisper).toBeGreaterThan(0.1);
    expect(speech - whisper).toBeCloseTo(0.4, 1);
  });
});
