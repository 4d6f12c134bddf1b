/**
 * The people, things and places of the story grammar. Each list holds entities: records of the words by which a story
 * may mention them, so that whatever a story says of one entity agrees ("an old hat", "the hat", "it").
 */

/** Attribute name to words. `name` is what `{role}` alone stands for. */
export type Entity = Readonly<Record<string, string>>;

const withArticle = (words: string): string => `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;

const pairs = <A, B>(as: readonly A[], bs: readonly B[]): [A, B][] =>
  as.flatMap((a) => bs.map((b): [A, B] => [a, b]));

const capital = (text: string): string => text[0].toUpperCase() + text.slice(1);

const words = (text: string): string[] => text.split(' ');

const FEMALE = { he: 'she', He: 'She', him: 'her', his: 'her', His: 'Her' };
const MALE = { he: 'he', He: 'He', him: 'him', his: 'his', His: 'His' };

const person = (name: string, kind: string, pronouns: typeof MALE): Entity => ({
  name,
  kind,
  intro: name,
  ...pronouns,
});
const animal = (name: string, kind: string, pronouns: typeof MALE): Entity => ({
  name,
  kind,
  intro: `${name} the ${kind}`,
  ...pronouns,
});

const ANIMAL_KINDS = words('fox bear rabbit mouse duck frog cat dog bird pig goat turtle');

const children: Entity[] = [
  ...words('Lily Mia Anna Sara Nora Rosa Emma Lucy Ella Zoe').map((name) => person(name, 'girl', FEMALE)),
  ...words('Tom Ben Max Sam Tim Leo Jack Finn Noah Oscar').map((name) => person(name, 'boy', MALE)),
];

const animals: Entity[] = [
  ...pairs(words('Daisy Luna Coco Hazel'), ANIMAL_KINDS).map(([name, kind]) => animal(name, kind, FEMALE)),
  ...pairs(words('Bruno Rusty Toby Otto'), ANIMAL_KINDS).map(([name, kind]) => animal(name, kind, MALE)),
];

/** Children come up five times each, so that about half of all characters are children. */
export const characters: Entity[] = [...Array.from({ length: 5 }, () => children).flat(), ...animals];

export const adults: Entity[] = [
  ...words('mother grandmother aunt sister').map((name) => ({ name, ...FEMALE })),
  ...words('father grandfather uncle brother').map((name) => ({ name, ...MALE })),
];

const COLOURS = words('red blue green yellow white brown pink silver golden');
const LOOKS = words('big little tiny old new shiny soft round pretty');

const thing = (name: string, action: string, done: string) =>
  [...COLOURS, ...LOOKS].map(
    (look): Entity => ({
      name,
      do: action,
      did: done,
      full: `${look} ${name}`,
      a: withArticle(`${look} ${name}`),
    }),
  );

/** Things a child loves, loses and finds; `do` and `did` take "it" or "the ball". */
export const things: Entity[] = [
  thing('ball', 'throw', 'threw'),
  thing('kite', 'fly', 'flew'),
  thing('drum', 'play', 'played'),
  thing('boat', 'sail', 'sailed'),
  thing('doll', 'hug', 'hugged'),
  thing('book', 'read', 'read'),
  thing('car', 'push', 'pushed'),
  thing('train', 'pull', 'pulled'),
  thing('bell', 'ring', 'rang'),
  thing('whistle', 'blow', 'blew'),
  thing('flute', 'play', 'played'),
  thing('puppet', 'hold', 'held'),
  thing('hat', 'wear', 'wore'),
  thing('scarf', 'wear', 'wore'),
  thing('coat', 'wear', 'wore'),
  thing('crown', 'wear', 'wore'),
  thing('bag', 'carry', 'carried'),
  thing('basket', 'carry', 'carried'),
  thing('lamp', 'carry', 'carried'),
  thing('map', 'read', 'read'),
  thing('shell', 'hold', 'held'),
  thing('blanket', 'hug', 'hugged'),
  thing('cup', 'hold', 'held'),
  thing('box', 'open', 'opened'),
].flat();

const place = (name: string, preposition: string, spots: string[]) =>
  pairs(spots, spots)
    .filter(([spot, other]) => spot !== other)
    .map(
      ([spot, other]): Entity => ({
        name,
        at: `${preposition} ${name}`,
        At: `${capital(preposition)} ${name}`,
        spot,
        other,
      }),
    );

/** `spot` and `other` are two different hiding places there. */
export const places: Entity[] = [
  place('the park', 'in', ['under a bench', 'behind a tree', 'in the tall grass', 'near the gate']),
  place('the garden', 'in', ['under the roses', 'behind the shed', 'in a flower pot', 'near the gate']),
  place('the forest', 'in', ['under a bush', 'behind a big rock', 'in a hollow log', 'under some leaves']),
  place('the beach', 'at', ['under the sand', 'behind a big rock', 'in an old net', 'near the water']),
  place('the farm', 'on', ['in the hay', 'behind the barn', 'under the cart', 'near the well']),
  place('the river', 'by', ['under the bridge', 'behind a tree', 'in the tall grass', 'near the water']),
  place('the hill', 'on', ['under a bush', 'behind a big rock', 'in a small hole', 'under some leaves']),
  place('the market', 'at', ['under a table', 'behind a cart', 'behind the apples', 'near the well']),
].flat();

/** Grown-ups who need a hand, and the work they have. */
export const workers: Entity[] = [
  { name: 'baker', work: 'carry the bread', worked: 'carried the bread', ...MALE },
  { name: 'farmer', work: 'feed the hens', worked: 'fed the hens', ...MALE },
  { name: 'gardener', work: 'water the flowers', worked: 'watered the flowers', ...FEMALE },
  { name: 'tailor', work: 'sort the buttons', worked: 'sorted the buttons', ...MALE },
  { name: 'painter', work: 'wash the brushes', worked: 'washed the brushes', ...FEMALE },
  { name: 'miller', work: 'fill the sacks', worked: 'filled the sacks', ...MALE },
  { name: 'teacher', work: 'clean the room', worked: 'cleaned the room', ...FEMALE },
  { name: 'queen', work: 'count the stars', worked: 'counted the stars', ...FEMALE },
];

const trapped = (name: string, where: string, tool: string, freed: string, thanks: string): Entity => ({
  name,
  where,
  tool,
  freed,
  thanks,
});

/** Small animals in trouble, and what gets them out of it. */
export const captives: Entity[] = [
  trapped('kitten', 'high up in a tree', 'a ladder', 'climbed up and carried the kitten down', 'purred'),
  trapped('bird', 'in an old net', 'a knife', 'cut the net and set the bird free', 'sang a song'),
  trapped('lamb', 'in the deep mud', 'a rope', 'pulled the lamb out of the mud', 'jumped for joy'),
  trapped('puppy', 'in a deep hole', 'a basket', 'lifted the puppy out of the hole', 'barked and barked'),
  trapped('duckling', 'under a fence', 'a spade', 'dug a way out for the duckling', 'danced in a circle'),
  trapped(
    'bee',
    'in a glass jar',
    'a long stick',
    'opened the jar and let the bee out',
    'flew around in a circle',
  ),
  trapped('fish', 'in a small pool', 'a bucket', 'carried the fish back to the sea', 'jumped for joy'),
  trapped(
    'squirrel',
    'under a fallen branch',
    'a saw',
    'cut the branch and lifted it away',
    'danced in a circle',
  ),
];

const fear = (name: string, when: string, scared: string, help: string, end: string): Entity => ({
  name,
  when,
  scared,
  help,
  end,
});

export const fears: Entity[] = [
  fear('the dark', 'When night came', 'hid under the bed', 'lit a small candle', 'slept all night'),
  fear(
    'the storm',
    'When the sky turned black',
    'ran into the house',
    'told a funny story',
    'sang with the wind',
  ),
  fear(
    'the deep water',
    'When the others swam',
    'stayed on the sand',
    'took one small step',
    'swam like a fish',
  ),
  fear(
    'the big dog',
    'When the dog barked',
    'hid behind a wall',
    'gave the dog a bone',
    'played with the dog',
  ),
  fear(
    'the tall bridge',
    'When it was time to cross',
    'could not move',
    'walked slowly ahead',
    'ran across the bridge',
  ),
  fear('the old house', 'When the door creaked', 'ran away', 'opened the door', 'laughed at the noise'),
];

const skill = (name: string, did: string, failed: string, advice: string): Entity => ({
  name,
  did,
  failed,
  advice,
});

export const skills: Entity[] = [
  skill('swim', 'swam across the pond', 'sank like a stone', 'Kick your legs'),
  skill('sing', 'sang a lovely song', 'made a terrible noise', 'Listen to the birds'),
  skill('dance', 'danced all evening', 'fell on the floor', 'Count your steps'),
  skill('climb', 'climbed the tall tree', 'slid down again', 'Hold on with both hands'),
  skill('skate', 'skated over the ice', 'fell on the ice', 'Bend your knees'),
  skill('draw', 'drew a lovely horse', 'broke the pencil', 'Draw what you see'),
  skill('whistle', 'whistled a merry tune', 'made no sound at all', 'Make your lips round'),
  skill('bake', 'baked a sweet cake', 'burned the bread', 'Watch the oven'),
];

const building = (name: string, from: string, broke: string, better: string): Entity => ({
  name,
  a: withArticle(name),
  from,
  broke,
  better,
});

export const buildings: Entity[] = [
  building('castle', 'sand', 'a big wave washed it away', 'farther from the water'),
  building('tower', 'stones', 'the wind blew it down', 'with bigger stones'),
  building('hut', 'sticks', 'the rain broke the roof', 'with a stronger roof'),
  building('raft', 'logs', 'it sank in the river', 'with longer ropes'),
  building('snowman', 'snow', 'the sun melted it', 'in the shade'),
  building('bridge', 'planks', 'it fell into the water', 'with thicker planks'),
];

const TROUBLES = [
  { trouble: 'The sun was hot and the ground was dry', fix: 'carried water from the well' },
  { trouble: 'A cold wind blew all night', fix: 'built a little wall around it' },
  { trouble: 'A hungry snail came to eat it', fix: 'took the snail to another garden' },
  { trouble: 'Tall weeds grew all around it', fix: 'pulled out every weed' },
];

/** What grows from a seed, with what stands in its way. */
export const plants: Entity[] = pairs(words('sunflower pumpkin melon carrot rose bean'), TROUBLES).map(
  ([name, trouble]) => ({ name, ...trouble }),
);

const MISHAPS = [
  { cause: 'ran through the house', why: 'I ran too fast' },
  { cause: 'jumped on the table', why: 'I was too wild' },
  { cause: 'danced in the kitchen', why: 'I did not look' },
];

/** What gets broken, and how. */
export const breakables: Entity[] = pairs(words('plate vase jar bowl clock mirror'), MISHAPS).map(
  ([name, mishap]) => ({
    name,
    ...mishap,
  }),
);

export const foods: Entity[] = pairs(words('warm sweet big fresh'), words('pie cake bread soup pudding')).map(
  ([taste, name]) => ({ name, full: `${taste} ${name}`, some: `some ${taste} ${name}` }),
);

/** Strangers who are hungry, and how they repay kindness. */
export const strangers: Entity[] = [
  { name: 'old man', a: 'an old man', gift: 'a golden coin', ...MALE },
  { name: 'old woman', a: 'an old woman', gift: 'a magic seed', ...FEMALE },
  { name: 'poor girl', a: 'a poor girl', gift: 'a paper flower', ...FEMALE },
  { name: 'tired soldier', a: 'a tired soldier', gift: 'a brass button', ...MALE },
  { name: 'wise owl', a: 'a wise owl', gift: 'a long feather', ...FEMALE },
  { name: 'thin wolf', a: 'a thin wolf', gift: 'a promise to guard the house', ...MALE },
];
