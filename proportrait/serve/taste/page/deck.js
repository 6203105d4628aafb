// The pictures that come next, loaded ahead, and those that were answered.

import * as api from "./api.js";

const AHEAD = 5; // pictures that are loaded before they are shown
const BEHIND = 20; // answered pictures whose image is kept

export class Deck {
  /** `shown` is called whenever another picture is current, `failed` with what went wrong. */
  constructor({ shown, failed, saved }) {
    Object.assign(this, { shown, failed, saved });
    this.choice = { way: "mixed", between: [0, 1] };
    this.queue = []; // the first one is asked now
    this.past = []; // the last one was answered last
    this.saving = new Set(); // numbers whose answer the server may not have yet
    this.back = 0; // how far the rater looks back; 0 is the question of now
    this.isEmpty = false;
    this.work = Promise.resolve(); // key presses are done one after the other
  }

  get current() {
    return this.back ? this.past[this.past.length - this.back] : this.queue[0];
  }

  /** Ask for what is missing. */
  async fill() {
    if (this.filling || this.queue.length >= AHEAD) return;
    this.filling = true;
    const { choice } = this;
    try {
      const held = [...this.saving, ...this.queue.map((question) => question.number)];
      const more = await api.questions({ ...choice, count: AHEAD - this.queue.length, held, repeats: true });
      if (choice === this.choice) {
        this.isEmpty = !this.queue.length && !more.length;
        const wasEmpty = !this.queue.length;
        more.forEach((question) => this.queue.push(this.load(question)));
        if (wasEmpty) this.show();
      }
    } catch (error) {
      this.failed(error.message);
    } finally {
      this.filling = false;
    }
    if (choice !== this.choice) this.fill();
  }

  /** Choose anew what comes behind the picture that is shown; all of it where `now`. */
  refresh(choice = { ...this.choice }, now = false) {
    this.choice = choice;
    this.queue.splice(now ? 0 : 1).forEach((question) => question.image.then(api.release, () => {}));
    if (now) this.show();
    return this.fill();
  }

  load(question) {
    question.image = api.picture(question.number);
    question.image.catch((error) => {
      if (!this.queue.includes(question)) return;
      const isCurrent = this.current === question;
      this.queue.splice(this.queue.indexOf(question), 1);
      this.failed(`${question.name}: ${error.message}`, true);
      if (isCurrent) this.show();
      this.fill();
    });
    return question;
  }

  show() {
    this.shown(this.current);
  }

  answer(value) {
    this.work = this.work.then(() => this.save(value));
    return this.work;
  }

  /** The next picture is shown at once; one that could not be saved comes back. */
  async save(value) {
    const question = this.current, wasBack = this.back;
    if (!question) return;
    if (wasBack) this.back -= 1;
    else {
      this.past.push(this.queue.shift());
      this.trim();
    }
    this.show();
    const before = question.value;
    question.value = value;
    this.saving.add(question.number);
    try {
      await api.answer([{ number: question.number, value }], wasBack ? "" : question.way);
      this.saved(question, before);
    } catch (error) {
      question.value = before;
      if (wasBack) this.back = wasBack;
      else this.queue.unshift(this.past.pop());
      this.show();
      this.failed(`Not saved: ${error.message}`);
      return;
    } finally {
      this.saving.delete(question.number);
    }
    this.fill();
  }

  undo() {
    this.work = this.work.then(() => this.takeBack());
    return this.work;
  }

  /** Returns what was taken back, or null where a request failed. */
  async takeBack() {
    let result;
    try {
      result = await api.undo();
    } catch (error) {
      this.failed(error.message);
      return null;
    }
    this.back = 0;
    if (result.undone === 1 && result.pictures.length === 1) {
      const { number, name } = result.pictures[0];
      const last = this.past.at(-1)?.number === number ? this.past.pop() : null;
      this.past = this.past.filter((question) => question.number !== number);
      const question = last ?? this.load({ number, name, way: "undo", likely: null });
      question.value = undefined;
      this.queue = this.queue.filter((other) => other.number !== number);
      this.queue.unshift(question);
    }
    this.show();
    return result;
  }

  /** Look at earlier answers (1) or come back (-1). */
  look(step) {
    const back = Math.min(this.past.length, Math.max(0, this.back + step));
    if (back === this.back) return false;
    this.back = back;
    this.show();
    return true;
  }

  trim() {
    if (this.past.length <= BEHIND) return;
    this.past.shift().image.then(api.release, () => {});
  }
}
