import { characterEscape, characterReference } from 'micromark-core-commonmark';
import type { Code, Construct, Effects, Extension, State, TokenizeContext } from 'micromark-util-types';

/**
 * An address among words is found before marks are, as in GFM's autolinks, so that `https://example.com/_a_?b=*2*`
 * keeps its characters. It stays words, because each platform links it in its own way. Unlike the extension for GFM it
 * works within the label of a link as well, and looks at each character once.
 */
export function bareAddresses(): Extension {
  return { text: { 72: address, 104: address } };
}

const address: Construct = {
  name: 'bareAddress',
  tokenize,
  previous: (code) => code === null || !/[a-z\d]/i.test(charOf(code)),
};

/** What often stands behind an address, and marks around it: part of it only where more follows. */
const punctuation: Construct = { tokenize: tokenizePunctuation, partial: true };
const punctuationAlone: Construct = { tokenize: tokenizePunctuationAlone, partial: true };
const PUNCTUATION = /[?!.,:;*_~'")]/;

const charOf = (code: Code): string => (code === null || code < 0 ? ' ' : String.fromCharCode(code));
const ends = (code: Code): boolean => /[\s<>"`[\]]/.test(charOf(code));
const isPunctuation = (code: Code): boolean => PUNCTUATION.test(charOf(code));

function tokenize(this: TokenizeContext, effects: Effects, ok: State, nok: State): State {
  let scheme = '';
  return (code) => {
    effects.enter('data');
    return beginning(code);
  };

  function beginning(code: Code): State | undefined {
    scheme += charOf(code).toLowerCase();
    if (!'https://'.startsWith(scheme) && !'http://'.startsWith(scheme)) return nok(code);
    effects.consume(code);
    return scheme.endsWith('//') ? inside : beginning;
  }

  function inside(code: Code): State | undefined {
    if (ends(code)) return end(code);
    if (charOf(code) === '\\' || charOf(code) === '&') {
      effects.exit('data');
      return special(code);
    }
    if (isPunctuation(code)) return effects.attempt(punctuation, inside, end)(code);
    effects.consume(code);
    return inside;
  }

  function end(code: Code): State | undefined {
    effects.exit('data');
    return ok(code);
  }

  /** An escape or a character reference, if it is one. */
  function special(code: Code): State | undefined {
    const construct = charOf(code) === '&' ? characterReference : characterEscape;
    return effects.attempt(construct, behindSpecial, plain)(code);
  }

  function plain(code: Code): State | undefined {
    effects.enter('data');
    effects.consume(code);
    return inside;
  }

  function behindSpecial(code: Code): State | undefined {
    if (ends(code)) return ok(code);
    if (charOf(code) === '\\' || charOf(code) === '&') return special(code);
    if (isPunctuation(code)) return effects.attempt(punctuationAlone, behindSpecial, ok)(code);
    effects.enter('data');
    return inside(code);
  }
}

function tokenizePunctuation(effects: Effects, ok: State, nok: State): State {
  return function run(code: Code): State | undefined {
    if (isPunctuation(code)) {
      effects.consume(code);
      return run;
    }
    return ends(code) ? nok(code) : ok(code);
  };
}

function tokenizePunctuationAlone(effects: Effects, ok: State, nok: State): State {
  const end = (code: Code): State | undefined => {
    effects.exit('data');
    return ok(code);
  };
  const run = tokenizePunctuation(effects, end, nok);
  return (code) => {
    effects.enter('data');
    return run(code);
  };
}
