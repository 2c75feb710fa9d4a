// Everything of one signed-in user: opens the connection, builds the stores, closes both with their scope.

import { createEffect, onCleanup } from "solid-js";
import { clock, exclusively } from "../api/browser";
import type { Api } from "../api/client";
import { connect } from "../api/socket";
import type { Tokens } from "../api/tokens";
import type { CallId, UserId } from "../api/wire";
import type { CallPhase } from "../rtc/call";
import { createDevices } from "../rtc/devices";
import { createWitness } from "../rtc/witness";
import { createCallStore, createHistoryStore, type CallStore, type HistoryStore } from "./calls";
import { createChatsStore, type ChatsStore } from "./chats";
import { browserNetwork, createConnectionStore, type ConnectionState } from "./connection";
import { createVisible, listenToNetwork } from "./device";
import { createDeviceStore, deviceStorage, type DeviceStore } from "./devices";
import { createDrafts, type DraftsStore } from "./drafts";
import { createGroupStore, type GroupStore } from "./group";
import { createOutbox, outboxStorage, type OutboxStore } from "./outbox";
import { createPeopleStore, type PeopleStore } from "./people";

export interface SignedIn {
  api: Api;
  tokens: Tokens;
  me: UserId;
}

/** There while someone is signed in. */
export interface HomeStores {
  me: UserId;
  name: () => string;
  chats: ChatsStore;
  people: PeopleStore;
  outbox: OutboxStore;
  drafts: DraftsStore;
  call: CallStore;
  group: GroupStore;
  devices: DeviceStore;
  history: HistoryStore;
  connection: () => ConnectionState;
}

export function createHome({ api, tokens, me }: SignedIn, name: () => string): HomeStores {
  const connection = connect(location.origin, tokens, () => tokens.clear());
  onCleanup(() => connection.close());

  const chats = createChatsStore({ api, events: connection.chat, me, after: clock.after });
  const people = createPeopleStore({ api, events: connection.chat, me, after: clock.after });
  const outbox = createOutbox({
    api,
    storage: outboxStorage(`zvonilka.outbox.${me}`),
    exclusive: exclusively(`zvonilka.outbox.${me}`),
    newId: newClientId,
    now: () => new Date().toISOString(),
    after: clock.after,
    onSent: (message) => chats.sent(message),
  });
  const devices = createDevices({ media: navigator.mediaDevices as MediaDevices | undefined, storage: deviceStorage });
  const rtc = {
    api,
    channel: connection.calls,
    devices,
    createConnection: (configuration: RTCConfiguration) => new RTCPeerConnection(configuration),
    ...clock,
  };
  const alone = createCallStore({ ...rtc, witness: createWitness({ api, ...clock }) });
  const group = createGroupStore({
    ...rtc,
    witness: createWitness({ api, ...clock }),
    me,
    codecs: (kind) => RTCRtpSender.getCapabilities(kind)?.codecs ?? [],
    createContext: () => new AudioContext(),
    visible: createVisible(),
    privateCall: {
      id: () => callOf(alone.phase()),
      handOver: alone.handOver,
      drop: alone.drop,
      hangUp() {
        const { kind } = alone.phase();
        if (kind === "preparing" || kind === "calling" || kind === "answering" || kind === "active") alone.hangUp();
      },
    },
  });
  const leaveGroup = (): void => {
    group.leave();
    group.dismiss();
  };
  // One is in one call at a time, and its microphone is open once.
  const call: CallStore = {
    ...alone,
    dial(peer, type) {
      leaveGroup();
      alone.dial(peer, type);
    },
    answer(camera) {
      leaveGroup();
      alone.answer(camera);
    },
  };
  createEffect(() => {
    const phase = group.phase().kind;
    connection.hurry(phase === "joining" || phase === "active" || alone.phase().kind === "active");
  });
  onCleanup(listenToNetwork(() => group.networkChanged()));
  return {
    me,
    name,
    chats,
    people,
    outbox,
    drafts: createDrafts(`zvonilka.drafts.${me}`),
    call,
    group,
    devices: createDeviceStore({ devices, canChooseSpeaker: "setSinkId" in HTMLMediaElement.prototype }),
    history: createHistoryStore(api),
    connection: createConnectionStore({ connection, network: browserNetwork, after: clock.after, onUp: () => outbox.wake() }),
  };
}

function callOf(phase: CallPhase): CallId | null {
  return phase.kind === "active" ? phase.call : null;
}

/** `crypto.randomUUID` exists in secure contexts alone. */
function newClientId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
