/** Tells the reader, elsewhere, that somebody calls them: notifications and a chime, both asked for. */
import { roomPath } from "../app/route.svelte.ts";
import { notifications, sound } from "../storage/preferences.ts";
import { firstGraphemes } from "../text/graphemes.ts";
import type { MessageEvent } from "../wire/contract.ts";

const MOST_GRAPHEMES = 140;
const CHIME_SECONDS = 0.35;
const CHIME_HERTZ = [880, 1174.66] as const;

export function notificationsPossible(): boolean {
  return "Notification" in window && "serviceWorker" in navigator;
}

/** Returns whether it is granted. */
async function askPermission(): Promise<boolean> {
  return (await Notification.requestPermission()) === "granted";
}

/** Follows the reader's switch of notifications; returns whether the browser denies them. */
export async function switchNotifications(box: { checked: boolean }): Promise<boolean> {
  const wanted = box.checked;
  const granted = wanted && (await askPermission());
  notifications.value = granted;
  // The click has moved it; a value that stays as it was moves nothing back.
  box.checked = notifications.value;
  return wanted && !granted;
}

/** Does `message` speak to the reader: an answer to one of theirs, or with their @name? */
export function callsReader(
  message: MessageEvent,
  me: { readonly id: string; readonly username: string },
  isMine: (messageId: string) => boolean,
): boolean {
  if (message.user_id === me.id) return false;
  if (message.reply_to !== null && isMine(message.reply_to)) return true;
  return message.message.includes(`@${me.username}`);
}

/**
 * One tab of several tells: whoever gets the lock first. A tab that is read takes it too, and tells
 * nothing, for its reader sees the message; it comes before hidden ones, which hear more slowly.
 */
export async function tell(room: string, message: MessageEvent): Promise<void> {
  const seen = !document.hidden && document.hasFocus();
  const name = `adda:call:${message.message_id}`;
  if (!("locks" in navigator)) {
    if (!seen) await tellNow(room, message);
    return;
  }
  await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock === null) return;
    if (!seen) await tellNow(room, message);
    // Held until other tabs, which hear the message about now, have found it taken.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  });
}

async function tellNow(room: string, message: MessageEvent): Promise<void> {
  if (sound.value) chime();
  if (!notifications.value || !notificationsPossible()) return;
  if (Notification.permission !== "granted") return;
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.showNotification(message.username, {
    body: firstGraphemes(message.message, MOST_GRAPHEMES),
    icon: "/icon-192.png",
    tag: message.message_id,
    data: roomPath(room),
  });
}

/** Two soft notes; made here, so nothing has to be loaded. */
export function chime(): void {
  const audio = new AudioContext();
  const volume = audio.createGain();
  volume.gain.setValueAtTime(0.12, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + CHIME_SECONDS);
  volume.connect(audio.destination);
  CHIME_HERTZ.forEach((hertz, at) => {
    const note = audio.createOscillator();
    note.frequency.value = hertz;
    note.connect(volume);
    note.start(audio.currentTime + at * 0.09);
    note.stop(audio.currentTime + CHIME_SECONDS);
    if (at === CHIME_HERTZ.length - 1) note.onended = () => void audio.close();
  });
}
