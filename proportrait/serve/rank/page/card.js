// A photo of the ranking.

import { h } from "/page/dom.js";
import { photoPath } from "./api.js";
import { picture } from "./images.js";
import { frame, kindWord, partsList, tasteNote } from "./parts.js";

/** The list item of a row; its picture stays when the row is drawn anew. */
export class Card {
  constructor(folder, row, actions) {
    this.image = picture(photoPath(folder, row.photo, "small"), "");
    this.preview = h("span", { class: "preview" }, this.image);
    this.open = h("button", { type: "button", class: "open", onclick: () => actions.open(this.row) }, this.preview);
    this.text = h("div", { class: "text" });
    this.element = h("li", { class: "shot" }, this.open, this.text);
    this.element.card = this;
    this.actions = actions;
  }

  draw(row, isPicked) {
    const { actions } = this, isOpen = this.text.querySelector("details")?.open;
    const focus = this.text.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    this.row = row;
    this.open.setAttribute("aria-label", `Rank ${row.rank}, ${Math.round(row.score)} of 100, ${row.name}: ${row.reasons.join(", ")}. Open`);
    this.preview.replaceChildren(this.image, frame(row.box));
    this.element.classList.toggle("picked", isPicked);
    const likes = row.similar.length + row.copies.length;
    this.text.replaceChildren(...[
      h("p", { class: "head" }, h("span", { class: "rank" }, `${row.rank}.`), h("strong", {}, String(Math.round(row.score))), h("span", { class: "hint" }, `of 100, ${kindWord(row.kind)}`)),
      h("p", { class: "file", title: row.name }, row.name),
      h("p", { class: "hint" }, `Similarity ${row.similarity.toFixed(2)}${row.isClose ? ", just enough" : ""}`),
      tasteNote(row) ? h("p", { class: "hint waits" }, tasteNote(row)) : null,
      h("p", { class: "reasons" }, row.reasons.join(", ") || "nothing stands out"),
      h("p", { class: "buttons" },
        h("button", { type: "button", "data-name": "pick", "aria-pressed": String(isPicked), onclick: () => actions.pick(row) }, "Compare", h("span", { class: "unseen" }, ` ${row.name}`)),
        actions.person() ? h("button", { type: "button", "data-name": "not", onclick: () => actions.refuse(row) }, `Not ${actions.person()}`, h("span", { class: "unseen" }, `: ${row.name}`)) : null,
        likes ? h("button", { type: "button", "data-name": "likes", onclick: () => actions.open(row, true) }, `${likes} more like it`, h("span", { class: "unseen" }, `: ${row.name}`)) : null),
      h("details", { open: isOpen }, h("summary", { "data-name": "parts" }, "Parts of the score", h("span", { class: "unseen" }, ` of ${row.name}`)), partsList(row))].filter((part) => part));
    if (focus) this.text.querySelector(`[data-name=${focus}]`)?.focus();
  }
}
