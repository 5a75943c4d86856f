"""The editor's page, built with Gradio."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from semsynth.editor.page.session import Session

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).parent
FONTS: dict[str, Any] = dict(  # none to download
    font=['system-ui', 'sans-serif'], font_mono=['ui-monospace', 'monospace'])


def build_page(make_session: Callable[[], Session]) -> gr.Blocks:
    """The page.

    Args:
        make_session: makes that of a new tab.
    """
    first = make_session()
    template, style, script = (Path(HERE, f'workspace.{kind}').read_text('utf-8') for kind in ('html', 'css', 'js'))
    # One at a time, in their order: the tabs share the model.
    event: dict[str, Any] = dict(concurrency_limit=1, concurrency_id='model', trigger_mode='multiple',
                                 show_progress='hidden', api_visibility='private')
    with gr.Blocks(title='semsynth editor', analytics_enabled=False, fill_width=True) as page:
        session = gr.State()
        workspace = gr.HTML(html_template=template, css_template=style, js_on_load=script, apply_default_css=False)
        with gr.Accordion('Open files', open=not first.layouts, elem_id='files'):
            with gr.Row():
                label = gr.File(label="Label map, in the data set's ids", height=140)
                instance = gr.File(label='Its instance map, if there is one', height=140)
                photo = gr.File(label=first.photo_serves, visible=bool(first.photo_serves), height=140)
                project = gr.File(label='Or a project', file_types=['.npz'], height=140)
            opened = gr.Button('Open')

        def start() -> tuple[Session, dict]:
            made = make_session()
            return made, made.start()

        def act(made: Session | None, data: gr.EventData) -> dict:
            if made is None:  # the server was started anew since
                return dict(message='This tab is older than the server: reload the page.', done=data._data['number'])
            try:
                return made.act(**data._data)
            except Exception as error:  # the page waits for an answer
                LOGGER.exception('%s failed', data._data)
                return dict(message=f'{type(error).__name__}: {error}', done=data._data['number'])

        def open_files(made: Session, *paths: str | None) -> dict:
            return made.open_files(*paths)

        page.load(start, outputs=[session, workspace], **event)
        workspace.act(act, [session], workspace, **event)
        opened.click(open_files, [session, label, instance, photo, project], workspace, **event)
    return page


def launch(page: gr.Blocks, port: int | None = None) -> None:
    """Serve the page in the background, to browsers on this machine.

    Raises:
        ValueError: the port is in use.
    """
    try:
        page.launch(server_name='127.0.0.1', server_port=port, share=False, prevent_thread_lock=True, quiet=True,
                    show_error=True, ssr_mode=False, footer_links=[], theme=gr.themes.Default(**FONTS),
                    css=Path(HERE, 'page.css').read_text('utf-8'))
    except OSError as error:
        raise ValueError(f'The page cannot be served: {error}') from error
