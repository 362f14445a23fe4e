// One word in the spellings that fingers may give it: as it is without marks, in Latin letters, and as the same keys of the
// other keyboard layout would have written it.

const ROWS = ["qwertyuiop[]asdfghjkl;'zxcvbnm,.`", "йцукенгшщзхїфівапролджєячсмитьбю'", "йцукенгшщзхъфывапролджэячсмитьбюё"];
const LATIN = {
  а: "a", б: "b", в: "v", г: "h", ґ: "g", д: "d", е: "e", ё: "e", є: "ye", ж: "zh", з: "z", и: "y", і: "i", ї: "yi", й: "y", к: "k", л: "l", м: "m", н: "n",
  о: "o", п: "p", р: "r", с: "s", т: "t", у: "u", ф: "f", х: "kh", ц: "ts", ч: "ch", ш: "sh", щ: "shch", ъ: "", ы: "y", ь: "", э: "e", ю: "yu", я: "ya", đ: "d",
};
const OTHER = { г: "g", и: "i", х: "h", щ: "sht", ъ: "a" }; // Russian and Bulgarian go another way with these

/** @returns {string[]} each spelling once, the plain one first */
export function inAnyAlphabet(word) {
  const plain = word.toLowerCase().normalize("NFD").replace(/([^иі])[\u0300-\u036f]+/g, "$1").normalize("NFC");
  const spell = (table) => [...plain].map((letter) => table[letter] ?? LATIN[letter] ?? letter).join("");
  return [...new Set([plain, spell({}), spell(OTHER), ...relaid(plain)])].filter(Boolean);
}

function relaid(word) {
  const [latin, ...others] = ROWS;
  const swap = (from, to) => [...word].map((letter) => to[from.indexOf(letter)] ?? letter).join("");
  return others.flatMap((row) => [swap(latin, row), swap(row, latin)]);
}
