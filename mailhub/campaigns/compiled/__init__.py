"""A letter to many, compiled once: what is the same for everybody is encoded and hashed beforehand, and each
recipient's values go into its holes.

``compile_letter`` takes the frozen template, ``CompiledLetter.fill`` gives the letter of one recipient. What comes out
reads exactly as if the templates had been rendered by Jinja and composed by the ordinary way.
"""

from mailhub.campaigns.compiled.language import UnfilledError
from mailhub.campaigns.compiled.letter import CompiledLetter, FilledLetter, Frame, Personal, compile_letter
from mailhub.campaigns.compiled.texts import Said, Source, Texts

__all__ = [
    "CompiledLetter",
    "FilledLetter",
    "Frame",
    "Personal",
    "Said",
    "Source",
    "Texts",
    "UnfilledError",
    "compile_letter",
]
