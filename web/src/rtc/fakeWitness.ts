// For tests: a witness that keeps what it is told.

import type { Witness } from "./witness";

export function fakeWitness(told: string[] = []): Witness {
  return {
    begin: () => void told.push("begin"),
    of: (call) => void told.push(`of ${call}`),
    withoutMicrophone: (fault) => void told.push(`without ${fault}`),
    watch(connection) {
      told.push("watch");
      return connection;
    },
    answered: () => void told.push("answered"),
    path: (state) => void told.push(state),
    restarted: () => void told.push("restarted"),
    end: (how) => void told.push(`end ${how}`),
  };
}
