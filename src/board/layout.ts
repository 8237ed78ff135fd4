import type { BoardUser } from '../admin/board-access.ts';
import { assetUrl } from './assets.ts';
import { act } from './components/forms.ts';
import { icon } from './components/state.ts';
import { type Html, html } from './html.ts';
import { to } from './links.ts';
import type { Screen, Section } from './screen.ts';

/** The frame of all screens. */

const SECTIONS: readonly [Section, href: string, label: string][] = [
  ['now', to.now, 'Now'],
  ['dead', to.dead(), 'Dead letters'],
  ['campaigns', to.campaigns, 'Campaigns'],
  ['audit', to.audit(), 'Audit'],
];

export interface Frame {
  user: BoardUser;
  csrf: string;
  /** What was just done. */
  notice?: string | undefined;
}

/** A whole document. @param frame absent if nobody is signed in */
export function page(screen: Screen, frame?: Frame): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${screen.title} · Herald</title>
<link rel="stylesheet" href="${assetUrl('board.css')}">
<link rel="icon" href="${assetUrl('icon.svg')}">
<script src="${assetUrl('board.js')}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${frame ? header(screen, frame) : html`<header class="top"><span class="brand">Herald</span></header>`}
<main id="main" tabindex="-1">
${frame?.notice && html`<p class="notice" role="status">${icon('good')}<span>${frame.notice}</span></p>`}
${screen.refreshMs !== undefined && html`<div id="stale" role="status" hidden><p class="callout warn">${icon('warn')}<span>Not up to date: the board does not answer, or your session has ended. It is asked again every few seconds.</span></p></div>`}
<div id="live">${screen.main}</div>
</main>
</body>
</html>`;
}

function header({ section, refreshMs }: Screen, { user, csrf }: Frame): Html {
  return html`<header class="top">
<a class="brand" href="${to.now}">Herald</a>
<nav aria-label="Screens"><ul>${SECTIONS.map(
    ([name, href, label]) =>
      html`<li><a href="${href}"${name === section && html` aria-current="page"`}>${label}</a></li>`,
  )}</ul></nav>
<form class="search" role="search" action="${to.search}">
<input type="search" name="q" aria-label="Search for a message, a recipient or a campaign" placeholder="Id, recipient, campaign" autocomplete="off" spellcheck="false" maxlength="300"><button>Search</button>
</form>
<div class="session">
${refreshMs !== undefined && html`<button type="button" id="refresh" class="quiet" hidden data-every="${refreshMs}" aria-pressed="false">Pause updates</button>`}
<span class="who" title="${user.channels === null ? 'sees all channels' : `sees ${user.channels.join(', ')}`}">${user.name} <span class="muted">${user.role === 'operate' ? 'operates' : 'reads'}</span></span>
${act({ action: to.signOut, csrf }, 'Sign out', {}, 'quiet')}
</div>
</header>`;
}
