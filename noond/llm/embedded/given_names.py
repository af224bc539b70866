"""Common given names of the four languages and their neighbours.

A capitalised word is no proof of a person ("Website: fix the header"): a name of this list, or one
that the document itself shows to be a person (names.py), is.
"""

from __future__ import annotations

GIVEN_NAMES = frozenset(
    """
    aaron abdul abebe abel abena abigail ada adaeze adam adama adela adele aditi aditya adnan
    adrian adriana adrien adwoa agata agathe agnes agnieszka ahmad ahmed ahmet aicha aida aino
    aisha aisling aitor aki akira akua alain alan alba albert alberto alejandra alejandro alejo
    aleksandar aleksander aleksandra aleksi alem alessandra alessandro alex alexander alexandra
    alexandre alexei alexis alfonso alfred alfredo ali alice alicia alina aline aliou alison
    aliya alma alona alvaro amadou amanda amara amaya amber ambrose ameer amelia amelie amina
    amir amit amy ana anais ananya anders andrea andreas andres andrew andrzej andré andy angela
    angelica angelika anika aniket anil anita anja anjali anke anna annalena anne annette annika
    anouk ansgar anssi antje antoine anton antonia antonio antti anya apinya april arash archie
    arek ariane aris arjan arjun armand arnaud arne arno artem arthur arturo arun asha ashley
    asif aslan asli astrid athena atsushi audrey august aurelie aurora axel ayaan ayesha aylin
    ayo aziz baptiste barbara barnaby bartek basile bastian bastien bea beat beatrice beatriz
    bela belen ben benedikt benjamin benny benoit bente berit bernard bernat bernd bertrand beth
    bettina betty bhavna bianca bianka bill billy birgit birgitta bjarne björn blanca bo bob
    bogdan bohdan bonnie boris boubacar bram brandon bree brenda brian bridget brigitte britta
    bronwyn bruce bruna bruno burak caitlin calvin camila camilla camille camilo can caoimhe
    carina carl carla carlo carlos carlota carmela carmen carol carola carolin carolina caroline
    carolyn carsten caspar cassandra caterina catherine cathy cecile cecilia celia celine cem
    chantal charles charlie charlotte chen chiamaka chiara chidi chika chinedu chloe chloé chris
    christa christel christian christiane christin christina christine christoph christophe
    christopher ciara cihan cindy claas claire clara claude claudia claudine claudio claus clem
    clemens clement clementine cleo clive colette colin conchita connie connor conny constance
    constanza cora coralie coraline corinna corinne cormac cornelia cosima courtney craig
    cristian cristina cynthia cyril cyrus dace dagmar dagny daisuke dalia damian damien damir
    dan dana dani daniel daniela daniele danielle danilo danny danuta darek dario darya dave
    david davide dawit dean deborah deepa deepak delphine denis denise deniz dennis derek
    desmond detlef devon diana diane didier diego dieter dieudonné dimitri dimitrios dina dinesh
    dirk djamila dmitri dmitry dolores dominic dominik dominika dominique don donna dora dorian
    doris doro dorota dorothea dorothee doug dragan duncan dusan dylan ebba eberhard ebru edda
    eddie edgar edith edmund edouard eduardo edward edwin efe eileen einar eirini ekaterina
    elaine elena eleonore eli elias elif elin elio elisa elisabeth elise elizabeth eliška elke
    ella ellen ellie elliot elodie elsa elvira elvis emeka emil emilia emilie emilio emily emine
    emma emmanuel emmanuelle emre enno enrica enrico enrique enzo eric erica erich erik erika
    erin ernesto ernst erwin esteban estelle esther eszter etienne etta eugenia eunice eva eva-
    maria evan evelyn evi ewa eyal ezra fabian fabien fabienne fabio fadi faisal fanny farah
    farhad farid fatima fatma fatou faye federica federico felicia felicity felipe felix femi
    fenna ferdinand fergus fernanda fernando ferran filip filippa finn fiona fleur flo flora
    florence florent florian florin folake frances francesca francesco francis francisca
    francisco franck francois francoise frank franz franziska françois frauke fred freddy
    frederic frederik freya frida frieda frieder friedrich fritz fumiko gabi gabriel gabriela
    gabriele gaelle galina gareth gary gaston gauri geert gema genevieve geoff georg george
    georges georgia gerald geraldine gerard gerd gerda gerhard gero gerrit gesine giacomo gianna
    gilbert gilda gill gilles gina giorgio giorgos giovanni gisela gitta giulia giuseppe glenn
    gloria gonzalo goran gordon grace graham grainne greg gregor gregory greta grzegorz gudrun
    guido guillaume guillem guillermo gunnar gunther gustav gustavo guy gwen gwyneth gül hakan
    halima hamid hamza hana hania hanna hannah hannes hans hao harald harold harry haruka haruto
    hasan hassan hatice hauke heather hector hedda hedwig heidi heidrun heike heiko heiner
    heinke heinrich heinz helen helena helene helga helle helmut hendrik hendrike henning henny
    henri henriette henrik henry herbert hermann hernán hervé hiba hideo hilary hilde hinrich
    hiro hiroshi hoang holger holly hong horst hubert hubertus hugh hugo huong hussein iago ian
    ibrahim ibtissam ida idris ignacio igor ikram ilias ilka ilona ilse ilyas imani imke imogen
    imran ina indira ines inga inge ingeborg ingmar ingo ingrid inka inés ioana ionut irena
    irene irfan irina iris irma irmgard isa isaac isabel isabell isabella isabelle isak isha
    ishaan isla ismael ismail itziar ivan ivana ivo ivonne iván izabela iñaki jaan jaap jacek
    jacinta jack jackie jacob jacqueline jacques jadwiga jago jaime jake jakob jakub jamal
    jameela james jamie jan jana jane janek janet janina janine janis janne jannik jannis janusz
    jarek jari jarmo jasmin jason jasper javi javier jay jaya jean jeanne jed jeff jelena jemma
    jennifer jenny jens jeremy jerome jerzy jesper jess jessica jesus jie jiho jill jim jiří jo
    joachim joan joana joanna joanne joaquin jochem jochen jock joel joelle johan johann johanna
    johannes john johnny johnson jon jonas jonathan joost jordan jordi jorge joris jose josef
    josefa josefina joseph josephine josh joshua josie josip josué josé joy joyce juan juana
    juanita judit judith judy juha jukka julia julian juliana juliane julie julien julieta
    juliette julika julio julián jun junko jussi justin jutta jérôme jörg jürgen kaan kacper kai
    kaja kamal kamil kamila kareem karen karim karima karin karina karl karla karol karolina
    karsten kasia kasper katarina katarzyna kate katharina katherina katherine kathi kathleen
    kathrin kathy katie katinka katja katri katrin kay kazuki keith kelechi kelly kemal ken
    kenji kenneth kenny keren kerstin kevin khadija khalid kiara kim kiran kirsi kirsten kirstin
    kirsty kiyoshi klara klaus kofi koji konrad konstantin konstanze krishna kristen kristin
    kristina kristján kristof krzysztof kuba kurt kwame kyle kyra lakshmi lamine lan lara
    larissa larry lars lasse laszlo latifa laura laure laurence laurent laurie laxmi lea leah
    leandro lee leif leila leilani lena lennart lenny leo leon leona leonard leonardo leonie
    leonor lesley leslie leticia lev levi lewis leïla liam liang lidia lien liis lila lili lilia
    lilian lilly lily lin lina linda linnea linus lior lisa lisbeth lise liselotte livia liz
    ljubica loic lola loredana lorena lorenz lorenzo lothar lotte lou louis louisa louise loïc
    luana lubna luboš luc luca lucas lucia lucian luciana luciano lucie lucien lucy lucía
    ludmila ludovic ludwig luis luisa luka lukas lukasz luke lukáš luna lutz lydia lydie lynn
    léa maarten maciej maddie madeleine mads mae magali magda magdalena magnus mahmoud mai maija
    maike maisie maite maja majid makoto malaika malala maleen malgorzata malik malin malina
    mallory malte mamadou manfred manolo manon mansour manu manuel manuela mara maral marc
    marcel marcela marcelo marcin marco marcos marcus mareike marek mares margaret margarethe
    margarita margherita margit margot mari maria mariam mariana mariano marie marieke mariella
    marijke marijn marika mariko marina mario marion marisa marisol marit marius mark marko
    markus marla marlene marlies marlon marnie marta martha marthe martijn martin martina
    martine marvin marwan mary maryam mascha masha mateo mateus mateusz mathias mathieu mathilde
    mathis matias matilda mats matt matteo matthew matthias matthieu matti maud maura maureen
    maurice mauricio mauro max maxim maxime maximilian maya mayra mbali mechthild meera megan
    mehdi mehmed mehmet mehwish mei melanie melike melina melinda melissa meltem mercedes merle
    merve mette mia mica micaela michael michaela michal michał michel michele michelle mieke
    miguel miia mika mikael mike mikhail mikkel mila milan milena miles mimi mina ming minh
    minna miquel mira mireille mirela miriam mirjam mirko miro miroslav misha mitch mitsuki
    moana moe mohamad mohamed mohammed mohan moira molly momo mona monica monika monique moritz
    moussa muhammad murat mustafa myriam nabil nada nadia nadine nadja nadège nagore nancy naoki
    naomi narek narges nasrin natacha natalia natalie natalya natascha natasha nathalie nathan
    nathaniel navid neha neil nele nelly neo nerea niamh nicholas nicklas nico nicola nicolai
    nicolas nicole nicolás niels nigel nik nikita niklas nikola nikolai nikolaj nikolas nikos
    nils nina ning nisha nkechi nneka noa noah noel noelle noemi nora norbert noreen norma nour
    nuno nur nuray nuria oana obi oceane océane odette odile ola olaf oleg olek oleksandr olena
    olga olive oliver olivia olivier oliwia olli oluwaseun omar omari ondřej onur oonagh ophelia
    oriol orla orlando orsolya oscar oskar osman ossi oszkár otilia ottilie otto oumar owen
    pablo paco palle paloma pamela paola parisa park parveen pascal pascale patrice patricia
    patricio patrick patrik patryk patty paul paula paulette paulina pauline paulo pavel pavlos
    pedro peggy pekka pelle penelope pepe per pernille perrine peta petar pete peter petra
    petros phil philip philipp philippe phoebe phyllis pia pierre piet pieter pietro pilar pilvi
    pinar piotr pippa prakash pranav prisca priya priyanka pádraig quentin quinn rachel radek
    rafael rafaela rafał ragnar raimund rainer raisa raj rajesh ralf ralph ramesh rami ramin
    ramona ramón randy rania ranjit raoul raphael raquel rashid rasmus raul ravi ray raymond
    razvan raúl rebecca rebekka reem regina regine reiner reinhard reinhold remi renate renato
    renaud renee rené reto reza rhea rhys ria ricarda ricardo riccardo richard rick rieke rik
    rikke riku rina rita ritva roald rob robert roberta roberto robin rocio rod roderick rodrigo
    roger rohan roisin rok roland rolf romain roman romina ron rona ronald ronan ronja rosa
    rosalia rosalind rosario rose rosemary rosie roswitha rowan roxana roxane ruben rubén rudi
    rudolf rui rune rupa rupert ruslan russell rustam ruth ryan ryszard rémi rüdiger saad sabah
    sabina sabine sabri sabrina sacha sadia said saida sakura salim salma salome salvador sam
    samantha sami samir samira samuel sandra sandrine sandro sandy sanjay sanna sanne santiago
    saoirse saori sara sarah sari sascha saskia satoshi saul sayed scott sean sebastian
    sebastien sebastián sebnem sefa selin selina selma semih sepp serap serena serge sergei
    sergio serhat serhii severine seyed shan shannon shanti sharon shaun sheila shirin shirley
    shona shreya siavash sibel sibylle siddharth siegfried sien signe sigrid siiri sika silas
    silje silke silvana silvia silvio simeon simon simona simone simran sina sinan sinead sini
    sinéad siobhan sira sissel siv slavko snezana sofia sofie soledad solveig solène sona sonia
    sonja soo sophia sophie soraya soren soumaya stan stanislaw stavros stefan stefania stefanie
    steffen steffi stelian stella stephan stephane stephania stephanie stephen steve steven stig
    stijn stuart sudha sue sukhdev suki suleiman sunil sunita suresh susan susana susann susanna
    susanne suse susie suzanne svein sven svenja svetlana swati sybille sylvain sylvia sylvie
    sylwia szymon søren sławomir taavi tabea tadashi tadeusz takeshi tal talia tamara tamas
    tamika tamás tania tanja tanya tapio tara taras tariq tarja tatiana tatjana tatsuya tea ted
    teemu telma teo teodor teodora teresa terje terry thabo thandi thanh thea theo theodor
    theresa therese theresia thibault thierry thijs thilo thom thomas thor thore thorsten tiago
    tiffany tiina tilda till tilman tilo tim timea timo timothy timur tina tobi tobias todd tom
    tomas tomasz tomek tomi tommy tomáš toni tony torben tore torsten tracy trang traudl trevor
    trine tristan trude tudor tuomas tuğba tzvi udo ulf ulla ulrich ulrike umut una urs ursel
    ursula urszula uschi ute uwe uxue valentin valentina valentín valeria valerie valerio
    vanessa vanja vasco vasil vasile veera veit vera verena veronica veronika veronique verónica
    vesna vicente vicky victor victoria vidar vihaan vijay vikram viktor viktoria viktorija
    vilma vincent vincenzo viola violeta violetta vipin virginia virginie virpi vishal vitali
    vito vivek vivian viviane vladimir vladislav volkan volker volodymyr václav walter waltraud
    wanda wangari wanjiru wei wendy wenke werner wiebke wiktor wilhelm will willem willi william
    willy wim winfried wioletta wojciech wolf wolfgang wout xavi xavier xiao ximena xin yael
    yahya yan yann yannick yara yaroslav yasemin yasmin yasmina yasmine yassine yaw yewande yoko
    yolanda yonas yoshi youssef yu yuki yuliya yuri yusra yusuf yves yvette yvonne zahra zainab
    zara zbigniew zeina zeynep zita zoe zofia zoltán zoé zuzana zülal ángel željko
    """.split()
)
