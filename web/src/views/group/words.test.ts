import { translator } from "@solid-primitives/i18n";
import { describe, expect, it } from "vitest";
import type { GroupCall } from "../../api/group";
import type { Translate } from "../../i18n";
import { en } from "../../i18n/en";
import { ru } from "../../i18n/ru";
import type { GroupPicture, GroupTile } from "../../stores/group";
import { isInvitation, namesLine, pausedWords, qualityWords, tileLabel } from "./words";

const t = translator(() => ru) as Translate;
const english = translator(() => en) as Translate;
const plain = (text: string | undefined): string => (text ?? "").replaceAll("\u00a0", " ");

const valya: GroupTile = {
  participantId: "p1",
  userId: "u1",
  username: "Бабушка Валя",
  self: false,
  state: "connected",
  muted: false,
  mutedBy: null,
  speaking: false,
  quality: "good",
  qualityWhy: null,
  camera: null,
  screen: null,
};
const picture = (state: GroupPicture["state"]): GroupPicture => ({ track: {} as MediaStreamTrack, state, layer: null });

describe("a call that rings", () => {
  const call = { startedBy: "anna" } as GroupCall;

  it("is for everybody when who started it calls, and an invitation by anybody else, or into a call of two that grew", () => {
    expect(isInvitation("anna", call, "family")).toBe(false);
    expect(isInvitation("boris", call, "family")).toBe(true);
    expect(isInvitation("anna", call, "private")).toBe(true);
  });
});

describe("a picture in words", () => {
  it("says name, microphone, speaking and camera", () => {
    expect(tileLabel(t, valya)).toBe("Бабушка Валя, микрофон включён, камера выключена");
    expect(tileLabel(t, { ...valya, speaking: true, camera: picture("playing") })).toBe(
      "Бабушка Валя, микрофон включён, говорит, камера включена",
    );
    expect(tileLabel(t, { ...valya, self: true, muted: true })).toBe("Вы, микрофон выключен, камера выключена");
  });

  it("says that somebody is not quite there", () => {
    expect(tileLabel(t, { ...valya, state: "lost" })).toContain("связь прервалась");
    expect(tileLabel(english, { ...valya, state: "connecting" })).toContain("connecting…");
  });
});

describe("several names", () => {
  it("are all there while they are few, else say how many more", () => {
    expect(plain(namesLine(t, ["Аня", "Соня"]))).toBe("Аня, Соня");
    expect(plain(namesLine(t, ["А", "Б", "В", "Г"]))).toBe("А, Б, В, Г");
    expect(plain(namesLine(t, ["А", "Б", "В", "Г", "Д"]))).toBe("А, Б, В и ещё 2");
  });
});

describe("a connection", () => {
  it("needs no words while it is good", () => {
    expect(qualityWords(t, valya)).toBeNull();
  });

  it("that is weak says what it does to the talk and what helps", () => {
    const weak = qualityWords(t, { ...valya, quality: "fair", qualityWhy: { kind: "loss_up", value: 4 } });
    expect(plain(weak?.title)).toBe("Связь средняя");
    expect(plain(weak?.why)).toBe("По пути оттуда теряется 4 % звука, слова могут пропадать.");
    expect(plain(weak?.help)).toContain("роутеру");
  });

  it("of one's own is told as one's own", () => {
    const own = qualityWords(t, { ...valya, self: true, quality: "poor", qualityWhy: { kind: "loss_down", value: 12 } });
    expect(plain(own?.why)).toBe("До вас не доходит 12 % звука, слова могут пропадать.");
  });

  it("that is late says how late, in seconds", () => {
    const late = { ...valya, quality: "poor", qualityWhy: { kind: "delay", value: 420 } } as const;
    expect(plain(qualityWords(t, late)?.why)).toContain("0,4 с");
    expect(plain(qualityWords(english, late)?.why)).toContain("0.4 s");
  });

  it("without a known reason is still told", () => {
    expect(qualityWords(t, { ...valya, quality: "poor" })?.why).toContain("неустойчива");
  });
});

describe("a video that cannot be seen", () => {
  it("says why, if it is not one's own doing", () => {
    expect(pausedWords(t, picture("bandwidth"), "Соня")?.short).toBe("видео на паузе");
    expect(pausedWords(t, picture("bandwidth"), "Соня")?.why).toContain("хватает только на звук");
    expect(pausedWords(t, picture("codec"), "Соня")?.why).toContain("браузер");
  });

  it("needs no words while it plays, starts, or is not looked at", () => {
    for (const state of ["playing", "starting", "held", "hidden"] as const) expect(pausedWords(t, picture(state), "Соня")).toBeNull();
    expect(pausedWords(t, null, "Соня")).toBeNull();
  });
});
