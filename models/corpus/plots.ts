/**
 * The plots of the story grammar. A beat is a list of ways to say the same thing; a story says one way per beat.
 * `{role}` is an entity's name, `{role.attribute}` another of its words, `(a|b)` a free choice of words; `''` skips a beat.
 */
import {
  adults,
  breakables,
  buildings,
  captives,
  characters,
  type Entity,
  fears,
  foods,
  places,
  plants,
  skills,
  strangers,
  things,
  workers,
} from './lexicon.ts';

export interface Plot {
  name: string;
  /** Who and what takes part; `hero` and `friend` are always different characters. */
  roles: Readonly<Record<string, readonly Entity[]>>;
  beats: readonly (readonly string[])[];
}

const OPENING = [
  'Once upon a time, there was a (little|small|young) {hero.kind} (named|called) {hero}.',
  'Once upon a time, a (little|small|young) {hero.kind} (named|called) {hero} lived near {place}.',
  'Once there was a (kind|happy|brave|clever) {hero.kind} (named|called) {hero}.',
];

const FRIENDSHIP = [
  'From that day on, {hero} and {friend} were best friends.',
  '{hero} and {friend} (laughed|danced|smiled) all the way home.',
  '{hero} hugged {friend} and said, "You are a good friend."',
];

const HAPPY_END = [
  'Everyone was happy.',
  'It was the best day of all.',
  'That night, {hero} slept well.',
  '',
];

const hero = characters;
const friend = characters;

const lost: Plot = {
  name: 'lost',
  roles: { hero, friend, thing: things, place: places },
  beats: [
    OPENING,
    ['{hero.He} had {thing.a}.', '{hero.He} loved {hero.his} {thing.full}.'],
    ['{hero.He} (liked|loved) to {thing.do} it every day.', '{hero.He} took the {thing} everywhere.', '', ''],
    [
      'One day, {hero} went to {place} (to play|for a walk).',
      'One (sunny|windy|warm) morning, {hero} {thing.did} the {thing} {place.at}.',
    ],
    [
      'But then the {thing} was gone!',
      'But the {thing} got lost.',
      'But when {hero.he} looked around, the {thing} was gone.',
    ],
    ['{hero} was very sad.', '{hero} began to cry.', '"Oh no, where is my {thing}?" {hero.he} cried.'],
    [
      '{hero.His} friend {friend.intro} came and asked, "Why are you sad?"',
      '{friend.intro} heard {hero.him} and came to help.',
    ],
    ['"I lost my {thing}," said {hero}.', '"I can not find my {thing.full}," said {hero}.'],
    ['"Do not worry, we will find it," said {friend}.', '"Let us look for it together," said {friend}.'],
    [
      'They looked {place.other}, but it was not there.',
      'First they looked {place.other}, but they found nothing.',
    ],
    [
      'Then {friend} looked {place.spot}, and there was the {thing.full}!',
      'At last, they found the {thing} {place.spot}.',
    ],
    ['"Thank you, {friend}!" said {hero}.', '{hero} was so happy to have the {thing} back.'],
    [...FRIENDSHIP, ...HAPPY_END],
  ],
};

const earned: Plot = {
  name: 'earned',
  roles: { hero, friend, thing: things, place: places, worker: workers },
  beats: [
    OPENING,
    ['One day, {hero.he} saw {thing.a} in a shop.', 'At the shop, {hero.he} saw {thing.a}.'],
    [
      '"I wish I had that {thing}," {hero.he} (said|thought).',
      '{hero.He} wanted the {thing} more than anything.',
    ],
    ['But {hero.he} had no money.', 'But the {thing} cost too much.'],
    [
      '{hero} went to the {worker} and asked, "Can I help you?"',
      'So {hero} went to the {worker} to ask for work.',
    ],
    [
      '"Yes, you can {worker.work}," said the {worker}.',
      'The {worker} was tired and said, "Please {worker.work}."',
    ],
    ['{hero} {worker.worked} all day.', '{hero} worked hard and {worker.worked}.'],
    ['{friend.intro} came to help {hero.him}.', '{hero.His} friend {friend.intro} helped too.'],
    [
      'In the evening, the {worker} gave them (some|three|five) coins.',
      'The {worker} was glad and paid them well.',
    ],
    ['{hero} ran to the shop and bought the {thing.full}.', 'With the money, {hero} bought the {thing}.'],
    [
      '"It is for both of us," said {hero}, and {friend} smiled.',
      '{hero} and {friend} shared the {thing} and were proud.',
      '"We did it together," said {friend}.',
    ],
    HAPPY_END,
  ],
};

const rescue: Plot = {
  name: 'rescue',
  roles: { hero, friend, captive: captives, place: places },
  beats: [
    OPENING,
    ['One day, {hero} walked to {place}.', 'One (sunny|cold|quiet) morning, {hero} was {place.at}.'],
    ['Suddenly, {hero.he} heard a small voice.', 'There {hero.he} heard someone cry.'],
    ['It was a {captive}, stuck {captive.where}.', 'A little {captive} was stuck {captive.where}.'],
    [
      '"Help me, please!" (cried|called|said) the {captive}.',
      '"I can not get out," (cried|said) the {captive}.',
    ],
    ['{hero} tried to help, but {hero.he} was too small.', '{hero} tried and tried, but it was too hard.'],
    [
      'So {hero.he} ran to {friend.intro} and said, "A {captive} needs our help."',
      'Then {hero.he} called {hero.his} friend {friend.intro}.',
    ],
    ['{friend} brought {captive.tool}.', '"We need {captive.tool}," said {friend}.'],
    ['Together they {captive.freed}.', 'Very carefully, they {captive.freed}.'],
    [
      'The {captive} was so happy that it {captive.thanks}.',
      '"Thank you, {hero} and {friend}!" said the {captive}.',
    ],
    [
      'After that, the {captive} came to see them every day.',
      'The {captive} never forgot the two friends.',
      'Now {hero} had a new friend.',
    ],
    HAPPY_END,
  ],
};

const gift: Plot = {
  name: 'gift',
  roles: { hero, friend, adult: adults, thing: things, place: places },
  beats: [
    OPENING,
    [
      'It was the birthday of {hero.his} {adult}.',
      '{hero} loved {hero.his} {adult} very much, and {adult.his} birthday was near.',
    ],
    [
      '{hero} wanted to give {adult.him} {thing.a}.',
      '"I will make {thing.a} for {adult.him}," {hero.he} (said|thought).',
    ],
    ['{hero.He} worked on it all (day|week).', '{hero.He} made the {thing} with {hero.his} own hands.'],
    ['But {hero.he} dropped the {thing}, and it broke.', 'But on the way home, the {thing} broke.'],
    ['"Now I have no gift," {hero} (cried|said).', '{hero} sat down and cried.'],
    [
      '{friend.intro} saw it and said, "I can help you."',
      'Just then {hero.his} friend {friend.intro} came by.',
    ],
    [
      'Together they fixed the {thing} with (glue|string|tape).',
      'They worked until the {thing} was whole again.',
    ],
    [
      '{hero} gave the {thing.full} to {hero.his} {adult}.',
      'In the evening, {hero} gave the {thing} to {hero.his} {adult}.',
    ],
    [
      '"I love this {thing}," said {hero.his} {adult}.',
      '{hero.His} {adult} was so happy that {adult.he} (laughed|cried|danced).',
    ],
    ['"{friend} helped me," said {hero}.', 'They ate cake, and {friend} got the biggest piece.', ''],
    HAPPY_END,
  ],
};

const afraid: Plot = {
  name: 'afraid',
  roles: { hero, friend, fear: fears, place: places },
  beats: [
    OPENING,
    ['{hero} was afraid of {fear}.', 'There was one thing {hero.he} did not like, and that was {fear}.'],
    ['{fear.when}, {hero.he} {fear.scared}.'],
    ['The other children laughed at {hero.him}.', '"I am not brave," {hero.he} (said|thought).', ''],
    ['{hero.His} friend {friend.intro} did not laugh.', 'But {friend.intro} wanted to help.'],
    ['"I was afraid of {fear} too," said {friend}.', '"Take my hand," said {friend}.'],
    ['Then {friend} {fear.help}.', 'So {friend} {fear.help}.'],
    ['{hero} took a deep breath.', '{hero} closed {hero.his} eyes and counted to (three|five|ten).'],
    ['"It is not so bad," {hero.he} said.', 'Slowly, the fear went away.'],
    ['Soon {hero} {fear.end}.', 'And then {hero} {fear.end}.'],
    ['Now {hero} was not afraid of {fear} any more.', '"You are very brave," said {friend}.'],
    [...FRIENDSHIP, ...HAPPY_END],
  ],
};

const quarrel: Plot = {
  name: 'quarrel',
  roles: { hero, friend, thing: things, place: places },
  beats: [
    OPENING,
    ['{hero.He} had a friend, {friend.intro}.', '{hero.He} often played with {friend.intro}.'],
    ['One day, they found {thing.a} {place.at}.', '{place.At} they found {thing.a}.'],
    ['"It is mine," said {hero}.', '"I saw it first," said {hero}.'],
    ['"No, the {thing} is mine," said {friend}.', '"No, I want the {thing}," (shouted|cried) {friend}.'],
    [
      'They pulled and pulled, and the {thing} (fell into the mud|broke in two).',
      'They (fought|pulled) until the {thing} (fell into the mud|broke in two).',
    ],
    ['Now nobody had {thing.a}.', 'Now they were both sad.'],
    ['{hero} said, "I am sorry."', '"I am sorry," said {hero}.'],
    ['"I am sorry too," said {friend}.', '{friend} was sorry too.'],
    ['They cleaned the {thing} and made it whole again.', 'Together they fixed the {thing}.'],
    [
      'Now {hero} has the {thing} on one day, and {friend} on the next.',
      'After that, they always shared the {thing.full}.',
    ],
    [...FRIENDSHIP, ...HAPPY_END],
  ],
};

const astray: Plot = {
  name: 'astray',
  roles: { hero, friend, adult: adults, place: places, food: foods },
  beats: [
    OPENING,
    [
      '{hero.His} {adult} asked {hero.him} to bring {food.some} to a neighbor.',
      'One day, {hero} took {food.some} to {hero.his} {adult}.',
    ],
    ['"Stay on the path," said {hero.his} {adult}.', 'The path was long, and {hero.he} was alone.', ''],
    [
      'But {hero} followed a (butterfly|rabbit|bird) and lost the way.',
      'But there was so much fog that {hero.he} lost the way.',
    ],
    ['It got dark, and {hero} was afraid.', '{hero} sat down {place.spot} and cried.'],
    ['Then {hero.he} met {friend.intro}.', 'Then {friend.intro} came along the road.'],
    ['"I am lost," said {hero}.', '"Can you show me the way home?" asked {hero}.', ''],
    ['"I am hungry," said {friend}.', '{friend} looked at the {food} and said, "That smells good."'],
    ['{hero} gave {friend} half of the {food}.', '{hero} shared the {food} with {friend}.'],
    [
      'Then {friend} showed {hero.him} the way, past {place} and over the hill.',
      '"Follow me," said {friend}, and they walked past {place}.',
    ],
    ['At last, {hero} saw {hero.his} {adult} at the door.', 'Soon they saw a light in the window.'],
    [
      '{hero.His} {adult} hugged {hero.him} and thanked {friend}.',
      '"You are safe," said {hero.his} {adult}.',
    ],
    HAPPY_END,
  ],
};

const garden: Plot = {
  name: 'garden',
  roles: { hero, friend, plant: plants, place: places },
  beats: [
    OPENING,
    [
      'One day, {hero} and {friend.intro} found a seed {place.at}.',
      '{hero.His} friend {friend.intro} gave {hero.him} a little seed.',
    ],
    ['"I wish for a big {plant}," said {hero}.', '{hero} wanted to grow a {plant}.'],
    [
      '{hero} put the seed in the ground and waited.',
      '{hero} planted it and gave it water every (day|morning).',
    ],
    ['After (two|three|five) days, a green leaf came up.', 'Soon there was a tiny plant.'],
    ['{plant.trouble}.', 'But then there was trouble.'],
    ['The little plant was sad and weak.', '"My poor {plant}!" cried {hero}.'],
    [
      '{friend} came to help, and they {plant.fix}.',
      '"I know what to do," said {friend}, and they {plant.fix}.',
    ],
    ['The {plant} grew and grew.', 'Day by day, the {plant} grew (taller|bigger|stronger).'],
    ['In the summer, it was the biggest {plant} of all.', 'At last, there was a big and lovely {plant}.'],
    ['{hero} shared it with {friend}.', 'All the neighbors came to see the {plant}.'],
    ['"Good things need time," said {hero}.', '"We helped it grow," said {friend}.', ''],
    HAPPY_END,
  ],
};

const builders: Plot = {
  name: 'builders',
  roles: { hero, friend, building: buildings, place: places },
  beats: [
    OPENING,
    ['{hero} wanted to build {building.a}.', 'One day, {hero} said, "I will build {building.a}."'],
    [
      '{hero.He} went to {place} and found some {building.from}.',
      '{place.At} {hero.he} found a lot of {building.from}.',
    ],
    [
      '{hero.He} built {building.a} of {building.from}.',
      '{hero.He} worked all morning, and the {building} was tall.',
    ],
    ['But then {building.broke}.', 'But in the afternoon, {building.broke}.'],
    ['"All my work is gone," said {hero}.', '{hero} was angry and wanted to go home.'],
    ['"Try again," said {friend.intro}.', '{friend.intro} came by and said, "Do not give up."'],
    ['"We can build it {building.better}," said {friend}.', 'This time they built it {building.better}.'],
    [
      'They worked side by side until evening.',
      '{hero} brought the {building.from}, and {friend} helped {hero.him}.',
    ],
    ['The new {building} was even better than the first.', 'Now the {building} was strong.'],
    ['"Look what we made!" said {hero}.', '{hero} and {friend} stood before the {building} and smiled.'],
    [...FRIENDSHIP, ...HAPPY_END],
  ],
};

const truth: Plot = {
  name: 'truth',
  roles: { hero, friend, adult: adults, broken: breakables, place: places },
  beats: [
    OPENING,
    ['One day, {hero} {broken.cause}.', 'It was raining, so {hero} {broken.cause}.'],
    ['The {broken} fell down and broke.', 'Crash! The {broken} of {hero.his} {adult} was broken.'],
    [
      '{hero} was afraid and hid the {broken} under the bed.',
      '{hero} put the {broken} in a box and said nothing.',
    ],
    [
      '"Where is my {broken}?" asked {hero.his} {adult}.',
      'In the evening, {hero.his} {adult} looked for the {broken}.',
    ],
    ['"I do not know," said {hero}.', '{hero} did not say a word.', ''],
    ['But {hero} felt bad and could not sleep.', 'That night, {hero} thought of the {broken} and felt bad.'],
    [
      '{hero.He} told {hero.his} friend {friend.intro} about it.',
      'The next day, {hero.he} asked {friend.intro} what to do.',
    ],
    ['"Tell the truth," said {friend}.', '{friend} said, "It is best to tell the truth."'],
    [
      'So {hero} went to {hero.his} {adult} and said, "I broke your {broken}, because {broken.why}."',
      '"I broke the {broken}," {hero} told {hero.his} {adult}, "and I am sorry."',
    ],
    ['{hero.His} {adult} was not angry.', '"Thank you for telling me," said {hero.his} {adult}.'],
    [
      'Together they fixed the {broken} with (glue|string|tape).',
      'The next day, {hero} helped to buy a new {broken}.',
    ],
    ['Now {hero} felt light and happy.', 'After that, {hero} always told the truth.'],
  ],
};

const practice: Plot = {
  name: 'practice',
  roles: { hero, friend, skill: skills, place: places },
  beats: [
    OPENING,
    ['{hero} wanted to learn to {skill}.', '{hero} had one wish: to {skill}.'],
    [
      'But each time, {hero.he} {skill.failed}.',
      '{hero.He} tried it {place.at}, but {hero.he} {skill.failed}.',
    ],
    ['The others laughed.', '"I will never learn to {skill}," said {hero}.'],
    ['{hero} hid {place.spot} and was sad.', '{hero} went home with tears in {hero.his} eyes.'],
    [
      '{friend.intro} came and said, "I can teach you."',
      '{hero.His} friend {friend.intro} could {skill} very well.',
    ],
    ['"{skill.advice}," said {friend}.', '"Watch me, and then try," said {friend}.'],
    ['They went to {place} every day to practice.', '{hero} tried again and again.'],
    ['On the (third|fifth|tenth) day, {hero} {skill.did}.', 'And then, one day, {hero} {skill.did}!'],
    ['"I can {skill}!" (shouted|cried) {hero}.', 'Everybody clapped, and {friend} clapped the most.'],
    ['"You did not give up," said {friend}.', '"Thank you for your help," said {hero}.'],
    [...FRIENDSHIP, ...HAPPY_END],
  ],
};

const stranger: Plot = {
  name: 'stranger',
  roles: { hero, friend, stranger: strangers, food: foods, place: places },
  beats: [
    OPENING,
    [
      'One day, {hero} and {hero.his} friend {friend.intro} made {food.some}.',
      '{hero} and {hero.his} friend {friend.intro} had {food.some} for lunch.',
    ],
    ['They wanted to eat it {place.at}.', 'They carried it to {place} to eat it there.', ''],
    ['On the way, they met {stranger.a}.', '{place.At} they saw {stranger.a} who looked hungry.'],
    [
      '"I have not eaten for (two|three) days," said the {stranger}.',
      '"Please give me something to eat," said the {stranger}.',
    ],
    [
      '"There is not enough {food} for three," said {friend}.',
      '{friend} held the {food} and did not want to share.',
      '',
    ],
    ['"We can share," said {hero}.', 'But {hero} felt sorry for {stranger.him}.'],
    [
      'They gave the {stranger} the biggest piece.',
      'So they ate the {food} together, and there was enough for all.',
    ],
    ['"You have kind hearts," said the {stranger}.', 'The {stranger} smiled and thanked them.'],
    [
      'Then {stranger.he} gave them {stranger.gift}.',
      '"Take this," {stranger.he} said, and gave them {stranger.gift}.',
    ],
    [
      '"I am glad that we shared," said {friend}.',
      'They never saw the {stranger} again, but they never forgot {stranger.him}.',
    ],
    [...FRIENDSHIP, ...HAPPY_END],
  ],
};

export const plots: readonly Plot[] = [
  lost,
  earned,
  rescue,
  gift,
  afraid,
  quarrel,
  astray,
  garden,
  builders,
  truth,
  practice,
  stranger,
];
