import type { DeliveryObserver } from './observer.ts';

/** Calls every observer, in the order given. */
export function combineObservers(...observers: readonly DeliveryObserver[]): DeliveryObserver {
  return {
    admitted(channel, verdict, cause) {
      for (const observer of observers) observer.admitted(channel, verdict, cause);
    },
    waited(channel, queueMs, slotMs) {
      for (const observer of observers) observer.waited(channel, queueMs, slotMs);
    },
    inFlight(channel, delta) {
      for (const observer of observers) observer.inFlight(channel, delta);
    },
    attempted(event) {
      for (const observer of observers) observer.attempted(event);
    },
    unforeseenRefusal(message) {
      for (const observer of observers) observer.unforeseenRefusal(message);
    },
    deferred(channel, deferral) {
      for (const observer of observers) observer.deferred(channel, deferral);
    },
    lateGrant(channel) {
      for (const observer of observers) observer.lateGrant(channel);
    },
    breakerOpened(channel) {
      for (const observer of observers) observer.breakerOpened(channel);
    },
    finished(event) {
      for (const observer of observers) observer.finished(event);
    },
  };
}
