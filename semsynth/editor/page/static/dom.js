// Parts of the document.
export const find = (selector) => document.querySelector(selector);
export const all = (selector) => [...document.querySelectorAll(selector)];
export const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
