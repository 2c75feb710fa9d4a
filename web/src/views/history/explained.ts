// What the record of a call comes to, in words: findings and steps come as codes with parameters.

import type { CallExplanation, CallStep, ExplainedStep, Finding, RelayWay, UserId } from "../../api/wire";
import type { Language, Translate } from "../../i18n";
import { date } from "../../i18n/time";

export interface Told {
  tone: "ok" | "calm" | "bad";
  title: string;
  /** What stands behind it; empty where the title says all. */
  text: string;
  /** What would help; empty where nothing does. */
  help: string;
}

export type NameOf = (user: UserId) => string;

export function nameIn(t: Translate, explanation: CallExplanation): NameOf {
  const names = new Map(explanation.people.map(({ id, username }) => [id, username]));
  return (user) => names.get(user) ?? t("why.someone");
}

const told = (tone: Told["tone"], title: string, text = "", help = ""): Told => ({ tone, title, text, help });

export function findingInWords(t: Translate, language: Language, name: NameOf, finding: Finding): Told {
  switch (finding.code) {
    case "live":
      return told("ok", t("finding.live"));
    case "closed":
      return told("calm", t("finding.closed"));
    case "talked":
      return told("ok", t("finding.talked"), pathInWords(t, finding.path));
    case "poor":
      return poor(t, name(finding.user), finding.loss, finding.roundTripMs);
    case "udp_blocked":
    case "only_tls": {
      const title = t(finding.code === "only_tls" ? "finding.only_tls" : "finding.udp_blocked", { name: name(finding.user) });
      const way = finding.through && wayInWords(t, finding.through);
      return told(way ? "calm" : "bad", title, way ? t("finding.through", { way }) : "", t("finding.blocked_do"));
    }
    case "offline":
      return told("bad", t("finding.offline", { name: name(finding.user) }), t("finding.offline_text"));
    case "no_answer": {
      const text = t("finding.no_answer_text", { n: finding.devices, seconds: finding.seconds });
      return told("calm", t("finding.no_answer", { name: name(finding.user) }), text);
    }
    case "declined":
      return told("calm", t("finding.declined", { name: name(finding.user) }));
    case "cancelled":
      return told("calm", t("finding.cancelled", { name: name(finding.user) }), t("finding.cancelled_text", { seconds: finding.seconds }));
    case "nobody_came":
      return told("calm", t("finding.nobody_came"), t("finding.nobody_came_text", { n: finding.rung }));
    case "answered_elsewhere": {
      const text = finding.device === null ? "" : t("finding.answered_on", { device: finding.device });
      return told("ok", t("finding.answered_elsewhere", { name: name(finding.user) }), text);
    }
    case "no_microphone": {
      const { fault } = finding;
      return told("bad", t("finding.mic_denied", { name: name(finding.user) }), t(`finding.mic_${fault}_text`), t(`finding.mic_${fault}_do`));
    }
    case "relay_refused": {
      const { why } = finding;
      return told("bad", t("finding.relay_refused", { name: name(finding.user) }), t(`finding.refused_${why}`), t(`finding.refused_${why}_do`));
    }
    case "certificate_expired": {
      const text = t("finding.certificate_text", { date: date(language, new Date(finding.since)) });
      return told("bad", t("finding.certificate"), text, t("finding.certificate_do"));
    }
    case "clock_off": {
      const span = spanOf(t, Math.abs(finding.seconds));
      const text = t(finding.seconds > 0 ? "finding.clock_ahead" : "finding.clock_behind", { span });
      return told("bad", t("finding.clock", { name: name(finding.user) }), text, t("finding.clock_do"));
    }
    case "server_address_wrong":
      return told("bad", t("finding.address"), t("finding.address_text", { name: name(finding.user) }), t("finding.address_do"));
    case "no_way_out": {
      const title = t("finding.no_way_out", { name: name(finding.user) });
      return told("bad", title, t("finding.no_way_out_text"), t("finding.other_network_do"));
    }
    case "no_path": {
      const text = t("finding.no_path_text", { name: name(finding.user) });
      return told("bad", t("finding.no_path"), text, t("finding.other_network_do"));
    }
    case "server_restarted":
      return told("bad", t("finding.restarted"), t("finding.restarted_text"), t("finding.again_do"));
    case "vanished":
      return told("bad", t("finding.vanished", { name: name(finding.user) }), t("finding.vanished_text"), t("finding.again_do"));
    case "path_broke":
      return told("bad", t("finding.path_broke"), t("finding.path_broke_text", { name: name(finding.user) }), t("finding.again_do"));
    case "not_reported":
      return told("calm", t(finding.old ? "finding.not_reported_old" : "finding.not_reported", { name: name(finding.user) }));
    case "incomplete":
      return told("calm", t("finding.incomplete", { n: finding.steps }));
    case "not_recorded":
      return told("calm", t("finding.not_recorded"));
  }
}

function poor(t: Translate, name: string, loss: number | null, delay: number | null): Told {
  const lost = loss === null || loss < 5 ? "" : t("finding.poor_loss", { n: loss });
  const late = delay === null || delay < 600 ? "" : t("finding.poor_delay", { ms: delay });
  return told("bad", t("finding.poor", { name }), [lost, late].filter(Boolean).join(" "), t("finding.poor_do"));
}

function pathInWords(t: Translate, path: Extract<Finding, { code: "talked" }>["path"]): string {
  switch (path.kind) {
    case "direct":
      return t("finding.direct");
    case "relayed":
      return t("finding.relayed", { way: wayInWords(t, path.way) });
    case "room":
      return t("finding.room");
    case "unknown":
      return "";
  }
}

function wayInWords(t: Translate, { over, port }: RelayWay): string {
  return t(`way.${over}`, { port: port === null ? "" : `\u00a0${port}` });
}

function spanOf(t: Translate, seconds: number): string {
  if (seconds < 7200) return t("span.minutes", { n: Math.max(1, Math.round(seconds / 60)) });
  return seconds < 86_400 ? t("span.hours", { n: Math.round(seconds / 3600) }) : t("span.days", { n: Math.round(seconds / 86_400) });
}

export interface ToldStep {
  at: Date;
  text: string;
  bad: boolean;
  /** For who helps alone. */
  technical: boolean;
}

export function stepInWords(t: Translate, nameOf: NameOf, isGroup: boolean, { at, step, userId, device }: ExplainedStep): ToldStep {
  const name = userId === null ? t("why.someone") : nameOf(userId);
  const [text, bad, technical] = inWords(t, device === null ? name : `${name} (${device})`, name, isGroup, step);
  return { at: new Date(at), text, bad, technical };
}

type Words = [text: string, bad: boolean, technical: boolean];

function inWords(t: Translate, named: string, name: string, isGroup: boolean, step: CallStep): Words {
  const main = (text: string): Words => [text, false, false];
  const bad = (text: string): Words => [text, true, false];
  const technical = (text: string, isBad = false): Words => [text, isBad, true];
  switch (step.kind) {
    case "started":
      return main(t("step.started"));
    case "rang":
      return main(t("step.rang", { name: named }));
    case "accepted":
      return main(t(isGroup ? "step.joined" : "step.accepted", { name: named }));
    case "declined":
      return main(t("step.declined", { name }));
    case "moved":
      return main(t("step.moved", { name }));
    case "left":
      return main(t("step.left", { name }));
    case "servers_issued":
      return technical(t("step.servers", { name }));
    case "signaled":
      return technical(t(step.what === "offer" ? "step.offer" : "step.answer", { name }));
    case "candidate":
      return technical(t("step.candidate", { name, kind: `${step.candidate}, ${step.protocol.toUpperCase()}` }));
    case "allocated":
      return technical(t("step.allocated", { name, over: step.over.toUpperCase() }));
    case "allocation_refused":
      return [t("step.refused", { name, over: step.over.toUpperCase() }), true, false];
    case "allocation_ended":
      return technical(t("step.carried", { name, over: step.over.toUpperCase(), kb: Math.round((step.sent + step.received) / 1000) }));
    case "room_reached":
      return main(t("step.room_reached", { name }));
    case "room_lost":
      return bad(t("step.room_lost", { name }));
    case "room_heard":
      return main(t("step.room_heard", { name }));
    case "signaling_lost":
      return bad(t("step.signaling_lost", { name }));
    case "signaling_back":
      return main(t("step.signaling_back", { name }));
    case "restarted":
      return bad(t("step.restarted"));
    case "certificate_expired":
      return bad(t("step.certificate"));
    case "reported":
      return reported(t, name, step.report);
    case "ended":
      return main(t("step.ended"));
    case "dropped":
      return technical(t("step.dropped", { n: step.steps }));
  }
}

function reported(t: Translate, name: string, report: Extract<CallStep, { kind: "reported" }>["report"]): Words {
  if (report.microphone) return [t("step.no_microphone", { name }), true, false];
  if (report.ended === "no_path") return [t("step.no_path", { name }), true, false];
  if (report.state === "restoring") return [t("step.restoring", { name }), true, false];
  if (report.state === "ended") return [t("step.report_end", { name }), false, true];
  const first = report.firstReceivedMs ?? null;
  if (report.state === "connected" && first !== null) {
    return [t("step.connected", { name, seconds: (first / 1000).toFixed(1) }), false, false];
  }
  return [t("step.reported", { name }), false, true];
}
