// From the phases of a call to what is told of it.

import type { CallEffect, CallPhase } from "./call";
import type { GroupEffect, GroupPhase } from "./group/phase";
import type { ReportedEnd, Witness } from "./witness";

/** Takes a step of a call of two. `dropped`: it goes on as a group call. */
export function followCall(witness: Witness, before: CallPhase, phase: CallPhase, effects: readonly CallEffect[], dropped: boolean): void {
  const [was, is] = ["call" in before ? before.call : null, "call" in phase ? phase.call : null];
  if (was !== is && was !== null && !dropped) witness.end(phase.kind === "ended" ? endOf(phase.reason) : "hangup");
  if (was !== is && is !== null) {
    witness.begin();
    witness.of(is);
  }
  if (phase.kind === "ringing" && before.kind === "answering" && phase.fault !== null) witness.withoutMicrophone(phase.fault);
  if (phase.kind === "active") {
    if (before.kind !== "active") witness.answered();
    if (phase.path !== "connecting") witness.path(phase.path);
  }
  if (effects.some((effect) => effect.do === "restart_path")) witness.restarted();
}

function endOf(reason: Extract<CallPhase, { kind: "ended" }>["reason"]): ReportedEnd {
  switch (reason) {
    case "hangup":
    case "rejected":
    case "no_answer":
    case "elsewhere":
    case "lost":
    case "no_path":
      return reason;
    case "busy":
    case "already":
    case "failed":
    case "denied":
    case "missing":
    case "in_use":
    case "insecure":
      return "failed";
  }
}

/** Takes a step of a group call. */
export function followGroup(witness: Witness, before: GroupPhase, phase: GroupPhase, effects: readonly GroupEffect[]): void {
  const [was, is] = [callOf(before), callOf(phase)];
  if (was !== is && was !== null) witness.end(phase.kind === "over" ? groupEndOf(phase.reason) : "hangup");
  if (was !== is && is !== null) {
    witness.begin();
    witness.of(is);
  }
  if (phase.kind === "active") {
    if (before.kind !== "active") witness.answered();
    if (phase.media === "connected") witness.path("connected");
    if (phase.media === "broken") witness.path("restoring");
  }
  if (effects.some((effect) => effect.do === "restart_path")) witness.restarted();
}

function callOf(phase: GroupPhase): string | null {
  return phase.kind === "joining" || phase.kind === "active" ? phase.call : null;
}

function groupEndOf(reason: Extract<GroupPhase, { kind: "over" }>["reason"]): ReportedEnd {
  switch (reason) {
    case "left":
    case "ended":
    case "removed":
      return "hangup";
    case "missed":
    case "cancelled":
      return "no_answer";
    case "moved":
      return "elsewhere";
    case "lost":
    case "no_path":
      return reason;
    case "full":
    case "locked":
    case "already":
    case "failed":
    case "denied":
    case "missing":
    case "in_use":
    case "insecure":
      return "failed";
  }
}
