// How what goes up is encoded: layers, bitrates, codecs, and the options of Opus that only a description can set.

import type { MediaSource } from "../../api/group";

/** Smallest first, as the server counts layers. Together they stay under what the server takes of one publication. */
const CAMERA: readonly RTCRtpEncodingParameters[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];
const SCREEN: readonly RTCRtpEncodingParameters[] = [{ maxBitrate: 2_500_000, maxFramerate: 15 }];
/** A camera where the browser knows no layers. */
const ONE_LAYER: readonly RTCRtpEncodingParameters[] = [{ maxBitrate: 1_000_000 }];

/** The encodings to try, best first; a browser that cannot do the first throws. */
export function encodingsOf(source: MediaSource): readonly (readonly RTCRtpEncodingParameters[])[] {
  switch (source) {
    case "camera":
      return [CAMERA, ONE_LAYER];
    case "screen":
      return [SCREEN];
    case "microphone":
    case "screen_audio":
      return [[{}]];
  }
}

/** Returns the codecs of this browser with those first that every other one can play, and speech that mends its own losses. */
export function preferred(source: MediaSource, codecs: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  const first = source === "camera" || source === "screen" ? ["video/vp8"] : ["audio/red", "audio/opus"];
  const rank = (codec: RTCRtpCodec): number => {
    const index = first.indexOf(codec.mimeType.toLowerCase());
    return index === -1 ? first.length : index;
  };
  return [...codecs].sort((a, b) => rank(a) - rank(b));
}

/** Silence costs nothing in speech; the sound of a film keeps both sides. */
const OPUS: Record<"microphone" | "screen_audio", Readonly<Record<string, string>>> = {
  microphone: { useinbandfec: "1", usedtx: "1" },
  screen_audio: { useinbandfec: "1", stereo: "1", maxaveragebitrate: "128000" },
};

/** Sets the options of Opus in the server's answer, by which a browser encodes what it sends. */
export function tuned(sdp: string, sources: ReadonlyMap<string, MediaSource>): string {
  const [head = "", ...sections] = sdp.split(/^(?=m=)/m);
  return head + sections.map((section) => tuneSection(section, sources)).join("");
}

function tuneSection(section: string, sources: ReadonlyMap<string, MediaSource>): string {
  const mid = /^a=mid:(\S+)/m.exec(section)?.[1] ?? "";
  const source = sources.get(mid);
  const opus = /^a=rtpmap:(\d+) opus\//im.exec(section)?.[1];
  if (opus === undefined || (source !== "microphone" && source !== "screen_audio")) return section;
  const line = new RegExp(`^a=fmtp:${opus} ([^\\r\\n]*)`, "m");
  const options = { ...parse(line.exec(section)?.[1] ?? ""), ...OPUS[source] };
  const text = `a=fmtp:${opus} ${Object.entries(options)
    .map(([name, value]) => `${name}=${value}`)
    .join(";")}`;
  if (line.test(section)) return section.replace(line, text);
  return section.replace(new RegExp(`^a=rtpmap:${opus} [^\\r\\n]*`, "m"), (found) => `${found}\r\n${text}`);
}

function parse(options: string): Record<string, string> {
  const pairs = options.split(";").map((option) => option.trim().split("="));
  return Object.fromEntries(pairs.filter(([name]) => name).map(([name = "", value = ""]) => [name, value]));
}
