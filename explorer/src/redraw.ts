/** Call a function when an element has another size or the page other colours, until it is stopped. */
export function whenLookChanges(element: Element, onSize: () => void, onColours: () => void): () => void {
  const size = new ResizeObserver(onSize);
  size.observe(element);
  const colours = new MutationObserver(onColours);
  colours.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    size.disconnect();
    colours.disconnect();
  };
}
