import { describe, expect, it } from "vitest";
import { cameraEncodings, encodingsOf, preferred, tuned } from "./encoding";

const codec = (mimeType: string): RTCRtpCodec => ({ mimeType, clockRate: 90_000 });

describe("what goes up", () => {
  it("has three layers of a camera, the smallest first, within what the server takes", () => {
    const layers = encodingsOf("camera")[0] ?? [];
    expect(layers.map((layer) => layer.rid)).toEqual(["q", "h", "f"]);
    expect(layers.map((layer) => layer.scaleResolutionDownBy)).toEqual([4, 2, 1]);
    expect(layers.reduce((sum, layer) => sum + (layer.maxBitrate ?? 0), 0)).toBeLessThan(3_000_000);
    expect(encodingsOf("screen")[0]).toHaveLength(1);
  });

  it("has fewer layers of a small picture, the last of them in its full size", () => {
    const sent = (width: number, height: number) => cameraEncodings({ width, height }).filter((layer) => layer.active);
    expect(sent(640, 480).map((layer) => layer.scaleResolutionDownBy)).toEqual([2, 1]);
    expect(sent(320, 240).map((layer) => layer.scaleResolutionDownBy)).toEqual([1]);
    expect(sent(960, 540)).toHaveLength(3);
    expect(cameraEncodings({ width: 640, height: 480 }, [true, false, true]).map((layer) => layer.active)).toEqual([true, true, false]);
    expect(cameraEncodings({ width: 640, height: 480 }, [true, false, false]).map((layer) => layer.active)).toEqual([true, false, false]);
  });

  it("is in the codec that everybody can play, and keeps the others", () => {
    const video = ["video/H264", "video/rtx", "video/VP9", "video/VP8"].map(codec);
    expect(preferred("camera", video).map((each) => each.mimeType)).toEqual(["video/VP8", "video/H264", "video/rtx", "video/VP9"]);
    const audio = ["audio/opus", "audio/G722", "audio/red"].map(codec);
    expect(preferred("microphone", audio).map((each) => each.mimeType)).toEqual(["audio/red", "audio/opus", "audio/G722"]);
  });
});

describe("the server's answer", () => {
  const section = (kind: string, mid: string, ...lines: string[]): string =>
    [`m=${kind} 9 UDP/TLS/RTP/SAVPF 111`, `a=mid:${mid}`, ...lines, ""].join("\r\n");
  const opus = (mid: string, ...more: string[]): string => section("audio", mid, "a=rtpmap:111 opus/48000/2", ...more);
  const head = "v=0\r\ns=-\r\n";
  const sources = new Map([["0", "microphone"] as const, ["2", "screen_audio"] as const]);

  it("has a voice mend its losses and be silent for nothing", () => {
    const sdp = tuned(head + opus("0", "a=fmtp:111 minptime=10;useinbandfec=0"), sources);
    expect(sdp).toContain("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n");
  });

  it("gets the line that has these options if it has none", () => {
    expect(tuned(head + opus("0"), sources)).toContain("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1;usedtx=1\r\n");
  });

  it("keeps both sides of the sound of a screen, and has no silence there", () => {
    const sdp = tuned(head + opus("2"), sources);
    expect(sdp).toContain("stereo=1");
    expect(sdp).not.toContain("usedtx");
  });

  it("is otherwise left as it is", () => {
    const sdp = head + section("video", "1", "a=rtpmap:96 VP8/90000") + opus("9", "a=fmtp:111 minptime=10");
    expect(tuned(sdp, sources)).toBe(sdp);
  });
});
