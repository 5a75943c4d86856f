// A list of the classes with a field that filters it: one stop for the Tab key, arrows within it.
import { make } from './dom.js';
import { swatch } from './object_list.js';
import { state } from './state.js';

// `choose(index)` is called with the class; answers `{ build, show }`.
export function classList(root, choose) {
  const field = root.querySelector('input'), list = root.querySelector('.classes');
  const options = () => [...list.children].filter((each) => !each.hidden);

  function build() {
    list.replaceChildren(...state.setup.classes.map((name, index) => {
      const option = make('button', { title: name, role: 'option' });
      option.dataset.kind = index;
      option.append(swatch(index), make('span', { textContent: name }));
      option.onclick = () => choose(index);
      return option;
    }));
  }

  function show(index) {
    for (const option of list.children) {
      const on = Number(option.dataset.kind) === index;
      option.setAttribute('aria-selected', on);
      option.tabIndex = on ? 0 : -1;
    }
    if (!options().some((each) => each.tabIndex === 0) && options().length) options()[0].tabIndex = 0;
  }

  function filter() {
    const wanted = field.value.trim().toLowerCase();
    for (const option of list.children) option.hidden = !option.title.toLowerCase().includes(wanted);
    list.classList.toggle('nothing', !options().length);
  }

  field.oninput = filter;
  field.onkeydown = (event) => {
    const [first] = options();
    if (event.key === 'ArrowDown') first?.focus();
    else if (event.key === 'Enter' && first) first.click();
    else if (event.key !== 'Escape') return;
    if (event.key !== 'ArrowDown') { field.value = ''; filter(); field.blur(); }
    if (event.key !== 'Escape') event.preventDefault();
  };
  list.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const shown = options();
    shown[(shown.indexOf(document.activeElement) + step + shown.length) % shown.length].focus();
  };
  return { build, show };
}
